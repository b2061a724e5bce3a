from bench import memory

MIB = 2**20
HELD = memory.Held("minimal", "4GiB", *(number * MIB for number in (400, 30, 120, 300, 250, 20, 15)))


def test_each_vm_is_a_row_in_mebibytes(capsys):
    memory.print_report([HELD])
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "minimal",
        "4GiB",
        "400",
        "30",
        "120",
        "300",
        "250",
        "20",
        "15",
    ]


def test_the_data_is_in_bytes():
    row = memory.as_data([HELD])["vms"][0]
    assert (row["template"], row["driver"], row["shell_others"]) == ("minimal", 400 * MIB, 15 * MIB)
