"""Who was trained on what, when and by which cases, and whether it helped (S3, T8)."""
