"""What both apps draw. Nothing here filters, ranks or writes: that is in engine/."""
