from tests.uploading import encoder, upload, uploader

__all__ = ["encoder", "upload", "uploader"]
