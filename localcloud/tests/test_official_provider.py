"""What the official AWS provider reads back, besides what ours asks for."""

import http.client

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud.emulator import control
from localcloud.provider.session import ACCOUNT_ID, Session


def test_a_buckets_tags_are_read_from_a_host_that_begins_with_the_account(
    aws: Session, emulator_process: control.Endpoint
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="tagged")
    s3.put_bucket_tagging(Bucket="tagged", Tagging={"TagSet": [{"Key": "System", "Value": "shared"}]})
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html
    path = "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Atagged"
    asked = AWSRequest("GET", f"http://{ACCOUNT_ID}.localhost:{emulator_process.port}{path}")
    asked.headers["x-amz-account-id"] = ACCOUNT_ID
    key = control.key_for(emulator_process.url)
    S3SigV4Auth(Credentials(key.id, key.secret), "s3", "us-east-1").add_auth(asked)
    connection = http.client.HTTPConnection(control.HOST, emulator_process.port)
    connection.request("GET", path, headers={"Host": f"{ACCOUNT_ID}.localhost", **dict(asked.headers)})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    assert "<Key>System</Key><Value>shared</Value>" in "".join(text.split())
