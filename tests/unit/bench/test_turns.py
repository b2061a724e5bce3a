from bench import turns


def recording(log, name, results):
    results = iter(results)

    def way():
        log.append(name)
        return next(results)

    return way


def test_all_are_run_in_turns_and_the_first_round_does_not_count():
    log = []
    ways = {"a": recording(log, "a", [9, 1, 2, 3]), "b": recording(log, "b", [9, 4, 5, 6])}
    took = turns.measure(ways, 3, log.append)
    assert took == {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert log == ["b", "a", "warm", "a", "b", "round 1/3", "b", "a", "round 2/3", "a", "b", "round 3/3"]


def test_what_takes_long_is_run_less_often():
    log = []
    ways = {"a": recording(log, "a", [9, 1, 2]), "slow": recording(log, "slow", [7])}
    assert turns.measure(ways, 2, lambda _: None, at_most={"slow": 1}) == {"a": [1, 2], "slow": [7]}


def test_ctrl_c_leaves_what_was_measured():
    def interrupted():
        raise KeyboardInterrupt

    assert turns.measure({"b": interrupted, "a": lambda: 1.0}, 2, lambda _: None) == {"a": [], "b": []}


def test_the_spread_is_the_middle_half():
    assert turns.spread([5.0, 1.0, 3.0, 2.0, 4.0]) == turns.Spread(3.0, 2.0, 4.0)
    assert turns.spread([2.0]) == turns.Spread(2.0, 2.0, 2.0)
