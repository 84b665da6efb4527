"""What the papers print, and how near a reproduction came."""
