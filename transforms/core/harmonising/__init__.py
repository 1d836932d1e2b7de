"""Reports to sides of flows: leaves, levels, residuals, and copies in the target editions."""
