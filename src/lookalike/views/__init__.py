"""What people see: result pages, picture grids, terminal pictures and tables."""
