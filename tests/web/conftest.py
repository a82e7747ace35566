from tests.web.fixtures import chromium, stage, url

__all__ = ["chromium", "stage", "url"]
