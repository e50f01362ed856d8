"""What every feature of the storefront shares: visits, drawing, forms, and the views of what several pages show."""
