"""One system on the platform: what it is made of, and what the stack exports of it."""

import pulumi

from stacks.settings.load import Settings, SystemSettings
from stacks.wiring.context import SystemContext
from stacks.wiring.platform import Platform
from stacks.wiring.queues import build_queue_depth
from stacks.wiring.releases import build_repositories, release_images
from stacks.wiring.secrets import SystemSecrets, generate_values
from stacks.wiring.services import build_hosts, build_services
from stacks.wiring.stores import build_stores


def build(settings: Settings, system_settings: SystemSettings, platform: Platform) -> dict[str, object]:
    """Build one system; return what the stack exports of it."""
    context = SystemContext(settings=settings, system_settings=system_settings, platform=platform)
    values = generate_values(context)
    stores = build_stores(context, values)
    secrets = SystemSecrets(context, values, stores)
    queue_depth = build_queue_depth(context, stores, secrets)
    repositories = build_repositories(context)
    build_hosts(context)

    outputs: dict[str, object] = {
        "release": system_settings.config.release,
        "urls": dict(system_settings.urls),
        "repositories": {image: repository.url for image, repository in repositories.items()},
        "digests": {},
        "services": {},
        "taskDefinitions": {},
        **stores.outputs,
        **secrets.outputs,
    }
    if queue_depth is not None:
        outputs["queueDepth"] = queue_depth.function_name
    if system_settings.config.release is None:
        name = context.system.name
        pulumi.log.warn(
            f"{name}:release is not set: what {name} stands on is built, its services are not. Push its images "
            f"({', '.join(context.system.images)}) under one tag, then: pulumi config set {name}:release <tag>"
        )
        secrets.record_rotations(rollouts=[])
        return outputs
    images = release_images(context, system_settings.config.release, repositories)
    release = build_services(context, images, stores, secrets)
    secrets.record_rotations(rollouts=[service.rollout for service in release.services.values()])
    return {**outputs, "digests": {image: one.digest for image, one in images.items()}, **release.outputs}
