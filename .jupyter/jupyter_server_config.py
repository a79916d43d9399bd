"""How `make lab` starts JupyterLab; what you have set in your own JupyterLab (theme, keys) stays."""

c = get_config()  # noqa: F821

c.LabApp.default_url = "/lab/tree/notebooks/01_infrastructure.ipynb"
# Or the tabs would come back that were open in another project.
c.LabApp.workspaces_dir = ".redjam/workspaces"
# Kernels talk over loopback ports, where others on the machine could listen in, as each would warn.
c.KernelManager.transport_encryption = "auto"
# The address, and what fails; among the warnings is one for each notebook that somebody else has written.
c.Application.log_level = "ERROR"
