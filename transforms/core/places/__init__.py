"""Where areas lie, which border which, who reports FOB, what a hub is."""
