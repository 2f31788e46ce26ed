"""Bar files: read exactly, refused or quarantined where wrong; and the synthetic days."""
