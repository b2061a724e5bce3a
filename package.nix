# sysinit-vm for nixpkgs' callPackage: docs/installation.md shows it in nix-darwin, NixOS and home-manager.
{ lib, python3Packages, lima, go-task, openssh }:

python3Packages.buildPythonApplication {
  pname = "sysinit-vm";
  version = builtins.head (
    builtins.match ".*__version__ = \"([^\"]+)\".*" (builtins.readFile ./sysinit_vm/__init__.py)
  );
  pyproject = true;
  src = ./.;

  build-system = [ python3Packages.hatchling ];
  dependencies = with python3Packages; [
    filelock
    invoke
    jinja2
    platformdirs
    psutil
    pyyaml
    questionary
    rich
  ];

  # The machine's own programs come first.
  makeWrapperArgs = [ "--suffix" "PATH" ":" (lib.makeBinPath [ lima go-task openssh ]) ];
  pythonImportsCheck = [ "sysinit_vm.program" ];

  meta = {
    description = "One Lima VM for each project directory, with a Zellij session in it";
    license = lib.licenses.mit;
    mainProgram = "sysinit-vm";
  };
}
