from zoo.text.normalise import ascii_digits, folded, plain, searchable, single_spaced

JOINER = "\N{ZERO WIDTH NON-JOINER}"


def test_plain_keeps_letters_and_digits() -> None:
    assert plain("Ab-1 c!") == "ab1c"
    assert plain("۵٥5²") == "555²" and plain("شماره: ۱۲") == "شماره12"
    assert plain("-") == "-" != plain("_") and plain("") == ""


def test_what_looks_alike_is_one_code_point() -> None:
    assert folded("علي ١٢") == "علی ۱۲" and folded("كة") == "که"
    assert ascii_digits(" ٣/۴  ي") == " 3/4  ی"


def test_texts_are_compared_without_regard_to_spaces() -> None:
    assert single_spaced("\t۱۲ \n برگ ") == "12 برگ"
    assert single_spaced(f"A{JOINER}b") == f"A{JOINER}b" and searchable(f" A{JOINER}b ") == "a b"
