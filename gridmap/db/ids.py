"""Permanent ids of records: a letter, the county and a number that is given once."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def take_ids(session: Session, county_code: str, letter: str, count: int) -> list[str]:
    """The next `count` ids of a kind in a county, ascending. They come back only when the transaction fails.

    Others who want ids of the kind wait until the transaction ends.
    """
    if count == 0:
        return []
    # After a load by COPY the counter is written along; it is the only truth about numbers that were given.
    last = session.execute(
        text(
            "INSERT INTO id_counter (county_code, letter, last) VALUES (:county, :letter, :count) "
            "ON CONFLICT (county_code, letter) DO UPDATE SET last = id_counter.last + :count RETURNING last"
        ),
        {"county": county_code, "letter": letter, "count": count},
    ).scalar_one()
    return [f"{letter}{county_code}{number:08d}" for number in range(last - count + 1, last + 1)]
