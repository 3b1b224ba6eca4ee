from mmm.speech import natural


def test_names_are_sorted_as_people_read_their_numbers() -> None:
    names = ["Geo10", "geo2 north", "Geo2", "10", "Geo1", "9", "Geo", "\u00cele"]
    assert sorted(names, key=natural) == ["9", "10", "Geo", "Geo1", "Geo2", "geo2 north", "Geo10", "\u00cele"]
