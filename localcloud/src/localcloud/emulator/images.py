"""The container images that stand in every repository of the emulator.

A release is an image under a tag, and a stack turns the tag into a digest. Nobody has pushed to an emulated registry,
so that each repository is born with an image under each of `RELEASES`. More are added as on AWS:
`python -m localcloud exec -- aws ecr put-image --repository-name … --image-tag v3.0.0 --image-manifest …`.
"""

import hashlib
import json

#: The tags under which an image stands in each repository, oldest first.
RELEASES = ("v1.0.0", "v1.1.0", "v2.0.0")

#: https://distribution.github.io/distribution/spec/manifest-v2-2/
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_LAYER_BYTES = 64 * 1024 * 1024


def manifest(repository: str, content: str) -> str:
    """Return an image manifest, the same for the same repository and content and another for any other.

    Args:
        repository: the repository's name.
        content: what tells the image apart: a release tag, or the hash of what it was built from.
    """
    config = json.dumps({"architecture": "arm64", "os": "linux", "config": {"Labels": {repository: content}}})
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": _CONFIG_TYPE, "size": len(config), "digest": _sha256(config)},
            "layers": [{"mediaType": _LAYER_TYPE, "size": _LAYER_BYTES, "digest": _sha256(f"{repository}@{content}")}],
        }
    )


def digest(manifest: str) -> str:
    """Return the digest of an image: the SHA-256 of its manifest's bytes."""
    return _sha256(manifest)


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
