from tests.web.fixtures import browser, stage, url

__all__ = ["browser", "stage", "url"]
