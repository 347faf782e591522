from pathlib import Path

import pytest
from typer.testing import CliRunner
from unit.loaders.helpers import Collected, write

from sociogram.cli.app import app
from sociogram.errors import InputError
from sociogram.loaders.csv_files import csv, understood
from sociogram.loaders.kinds import kind_of
from sociogram.loaders.readers import open_table


@pytest.mark.parametrize(
    ("name", "header", "row", "kind"),
    [
        ("people.csv", "uid,name,bio", "1,Ann,hello", "users"),
        ("export.csv", "user_id,name,bio", "1,Ann,hello", "users"),
        ("posts.csv", "post_id,author,text", "1,2,hello", "items"),
        ("movies.csv", "movieId,title,genres", "1,Alien,Horror", "items"),
        ("tags.csv", "id,name", "1,jazz", "topics"),
        ("user_friends.csv", "userID,friendID", "1,2", "ties"),
        ("dump.csv", "from,to,weight", "1,2,1", "ties"),
        ("user_artists.dat", "userID\tartistID\tweight", "1\t2\t3", "events"),
        ("ratings.csv", "userId,movieId,rating,timestamp", "1,2,3,1609459200", "events"),
        ("dump.csv", "customer,product,at", "1,2,2020-01-01", "events"),
        ("part.csv", "movieId:ID(Movie),title,:LABEL", "1,Alien,Movie", "items"),
        ("part.csv", "personId:ID,name,:LABEL", "1,Ann,Person;Actor", "users"),
        ("x.csv", "a_thing,b", "1,2", "users"),
    ],
)
def test_kind_of_a_file_is_guessed(tmp_path: Path, name: str, header: str, row: str, kind: str) -> None:
    assert kind_of(open_table(write(tmp_path, name, f"{header}\n{row}\n"))) == kind


def test_files_without_a_kind_load_as_those_with_one(tmp_path: Path) -> None:
    people = write(tmp_path, "people.csv", "uid,name\n1,Ann\n2,Bob\n")
    follows = write(tmp_path, "follows.csv", "from,to\n1,2\n")
    ratings = write(tmp_path, "ratings.csv", "user,item,rating\n1,a,5\n2,b,4\n")
    plain, said = csv(people, follows, ratings), csv(users=people, ties=follows, events=ratings)
    assert plain.plan() == said.plan()
    assert plain.mapping == said.mapping


def test_admin_headers_in_files_of_their_own(tmp_path: Path) -> None:
    files = [
        write(tmp_path, "person-header.csv", "personId:ID(Person),name,age:int,:LABEL\n"),
        write(tmp_path, "person-1.csv", "1,Ann,31,Person\n2,Bob,44,Person;Admin\n"),
        write(tmp_path, "person-2.csv", "3,Cy,20,Person\n"),
        write(tmp_path, "movie-header.csv", "movieId:ID(Movie),title,:LABEL\n"),
        write(tmp_path, "movie.csv", "1,Alien,Movie\n"),
        write(tmp_path, "knows-header.csv", ":START_ID(Person),:END_ID(Person),:TYPE\n"),
        write(tmp_path, "knows.csv", "1,2,KNOWS\n"),
        write(tmp_path, "saw-header.csv", ":START_ID(Person),:END_ID(Movie),:TYPE\n"),
        write(tmp_path, "saw.csv", "3,1,SAW\n"),
    ]
    got = Collected(csv(*files), tmp_path)
    assert [n["name"] for n in got.nodes["Person"].values()] == ["Ann", "Bob", "Cy"]
    assert list(got.nodes["Movie"]) == ["1"] or list(got.nodes["Movie"]) == [1]
    assert {(r.role, r.type) for r in csv(*files).mapping.relationships} == {("tie", "KNOWS"), ("behaviour", "SAW")}


def test_the_plan_of_files_without_a_kind_is_shown(tmp_path: Path) -> None:
    people = write(tmp_path, "people.csv", "uid,name\n1,Ann\n2,Bob\n")
    result = CliRunner().invoke(app, ["load", "csv", str(people), "--dry-run"])
    assert result.exit_code == 0
    assert "users" in result.stdout
    assert "uid" in result.stdout


def test_a_file_without_its_column_says_which_option(tmp_path: Path) -> None:
    people = write(tmp_path, "people.csv", "who,name,bio\n1,Ann,x\n")
    result = CliRunner().invoke(app, ["load", "csv", str(people), "--dry-run"])
    assert result.exit_code == 1
    assert 'no column "user_id" (found: who, name, bio)' in str(result.stderr) + str(result.exception)
    assert "--column users.id=who" in str(result.stderr) + str(result.exception)


def test_numbers_and_keys_of_customers_are_identifiers(tmp_path: Path) -> None:
    people = write(tmp_path, "customers.csv", "customer_no,full_name,phone_number\nC1,Ann,1\nC2,Bob,2\n")
    friends = write(tmp_path, "friends.csv", "customer_no,friend_no,since\nC1,C2,2020-01-01\n")
    orders = write(tmp_path, "orders.csv", "Customer-Number,sku,ordered_at\nC1,P1,2020-01-01\n")
    guessed = {(row["file"], row["column"]): row["role"] for row in csv(people, friends, orders).plan()}
    assert guessed[people.name, "customer_no"] == "id"
    assert guessed[people.name, "phone_number"] != "id"
    assert [guessed[friends.name, name] for name in ("customer_no", "friend_no")] == ["source", "target"]
    assert [guessed[orders.name, n] for n in ("Customer-Number", "sku", "ordered_at")] == ["source", "target", "time"]


def test_what_is_missing_is_told_with_the_plan(tmp_path: Path) -> None:
    people = write(tmp_path, "people.csv", "badge,name\n1,Ann\n2,Bob\n")
    files = [people, write(tmp_path, "saw.csv", "badge,film,note\n1,2,x\n")]
    plan, lacking = understood(files, {})
    assert {row["column"] for row in plan} == {"badge", "name", "film", "note"}
    assert lacking == [("people.csv", "users", "id"), ("saw.csv", "users", "id")]
    columns = {"users.id": ["badge"], "events.source": ["badge"], "events.target": ["film"]}
    plan, lacking = understood([people], {"events": [files[1]]}, columns)
    assert not lacking
    assert {row["table"] for row in plan if row["file"] == "saw.csv"} == {"events"}
    with pytest.raises(InputError, match="no column .user_id. .found: badge, name"):
        csv(people)
