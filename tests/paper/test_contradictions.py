from lawpipe.paper.contradictions import contradictions


def test_the_arithmetic_by_hand() -> None:
    entries = contradictions()
    text = " ".join(part for _, *parts in entries for part in parts)
    # 1.99e7 / 3.16e8 = 0.0630; 0.14 / 0.12 = 1.1667.
    assert "= 93.7 %" in text
    assert "= 16.7 %" in text
    # beta1 / beta2 = 1 / 1.187 = 0.84246; ln AR = 0.84246 ln(3.16e8) - ln(3.16e8 x 0.063) + 0.15754 ln 4000
    # = 16.4901 - 16.8068 + 1.3066 = 0.990, AR = 2.69; at 1e7 the last term is 2.5392: 2.2226, AR = 9.2.
    assert "gives 2.69" in text
    assert "at T = 10M: 9.2" in text
    # log2(5000) / 2.92 = 12.2877 / 2.92 = 4.208 nats; ln(5000) / 4.208 = 8.5172 / 4.208 = 2.024.
    assert "in one unit it is about 2.02" in text


def test_every_contradiction_names_its_source_and_both_statements() -> None:
    for source, says, but, _ in contradictions():
        assert source.startswith(("Fig", "Table", "Section"))
        assert says
        assert but
