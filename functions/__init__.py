"""What runs inside AWS, as Lambda functions.

Each folder is a function and a Python package of its own: it imports nothing of this project but itself (with relative
imports, so that it is found in its archive as well as here), Python's standard library, boto3, which Lambda's runtime
has, and what its `requirements.txt` names. `components/functions/function_archive.py` packs it. The handler of
`credentials` is `credentials.handler.handler`: the package stands at the archive's root.
"""
