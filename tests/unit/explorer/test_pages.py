"""What the pages show to whom, with NiceGUI's own test kit."""

from nicegui import ui

from sociogram.explorer.site import Who


def test_people_are_found_by_name_and_the_address_asks_the_same(visit, site_of):
    site = site_of()

    async def scenario(user):
        await user.open("/people?q=ada&tag=engines&has=city%3DLyon")
        await user.should_see("Ada <b>Lovelace</b>")
        await user.should_see("makers")
        assert site.engine.asked[-1] == ("ada", {"tag": ["engines"], "city": ["Lyon"]})
        await user.open("/people?q=nobody")
        await user.should_see("Nobody fits.")

    visit(site, scenario)


def test_where_nothing_is_published_the_page_says_where_to_go(visit, site_of):
    async def scenario(user):
        for path in ("/people", "/map", "/influence", "/segments", "/runs"):
            await user.open(path)
            await user.should_see("No profiles are published yet.")
        await user.open("/start")
        await user.should_see("Where are your people?")

    visit(site_of(live=None), scenario)


def test_a_key_that_may_only_read_sees_no_start_and_saves_nothing(visit, site_of, monkeypatch):
    site = site_of()
    monkeypatch.setattr(site, "who", lambda _: Who("reader", "read"), raising=False)

    async def scenario(user):
        await user.open("/people")
        await user.should_see("Ada <b>Lovelace</b>")
        await user.should_not_see("Save as audience")
        await user.should_not_see("Start")
        await user.open("/start")
        await user.should_see("Your key may only look.")
        await user.should_not_see(kind=ui.upload)

    visit(site, scenario)
