"""What a build is: the table of stages, the request, the plan, and how a bundle is written. Knows no Prefect."""
