"""What holds for all tests of this tree."""

import gc


def pytest_collection_finish() -> None:
    """Leave what pytest has collected out of all later searches for garbage.

    Tests that ask whether anything is still held search often, and there is much of it.
    """
    gc.collect()
    gc.freeze()
