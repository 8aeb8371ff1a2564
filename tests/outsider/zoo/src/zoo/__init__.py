"""One right generator and many wrong ones: each check of ``jetgen.testing`` must catch some of them."""
