"""When and where: Prefect flows, command line, report. The only floor that imports Prefect."""
