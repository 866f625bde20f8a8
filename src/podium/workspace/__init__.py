"""Where work lives on disk: the home's layout, the projects' git repositories, deployments and outputs."""
