from sysinit_vm.machine import facts


def test_links_out_of_a_directory_are_named_and_those_within_are_not(tmp_path):
    ssh = tmp_path / "dotfiles" / "ssh"
    ssh.mkdir(parents=True)
    (tmp_path / ".ssh").symlink_to(ssh)
    (ssh / "key").write_text("")
    (ssh / "same").symlink_to("key")
    (ssh / "missing").symlink_to("nothing")
    assert facts.links_out_of(tmp_path / ".ssh") == ()
    (ssh / "config").symlink_to(tmp_path / "dotfiles" / "config")
    (ssh / "agent").symlink_to("/nowhere")
    assert facts.links_out_of(tmp_path / ".ssh") == ("agent", "config")


def test_a_directory_that_is_not_there_has_no_links(tmp_path):
    assert facts.links_out_of(tmp_path / ".ssh") == ()
    (tmp_path / ".ssh").symlink_to(tmp_path / ".ssh")
    assert facts.links_out_of(tmp_path / ".ssh") == ()
