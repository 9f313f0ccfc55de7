"""That a plugin failed, for observers."""

from typing import Literal, TypeAlias

from attrs import field, frozen

FailureReason: TypeAlias = Literal["raised", "contract", "storage"]


@frozen(kw_only=True)
class PluginFailure:
    """One failure of a plugin, as the log has it too.

    Args:
        plugin: The plugin.
        version: That of its distribution.
        hook: The hook that it failed in.
        reason: ``"raised"``: an exception that is none of ours; ``"contract"``: it
            did or returned what the hook does not allow; ``"storage"``: the store
            that its source lies in failed.
        call: The id of the call that it was asked for; ``None`` outside of any.
        flight: The flight's path, as far as it was known; a client may have written it.
        exception: What it raised, if it did. Its text and traceback may tell
            secrets, and what they refer to lives for as long as it is kept.

    .. versionadded:: 0.1
    """

    plugin: str
    version: str
    hook: str
    reason: FailureReason
    call: str | None = None
    flight: str | None = None
    exception: BaseException | None = field(default=None, repr=False, eq=False)
