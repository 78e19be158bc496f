"""What the hub decides about stock by itself, a site at a time: share, recall, settle, place, close counts."""
