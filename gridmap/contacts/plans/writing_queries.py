"""Statements that make a plan true and take it back."""

from collections.abc import Sequence

from sqlalchemy import and_, delete, insert, select, text, update
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address, lies_within
from gridmap.contacts.ending_queries import keep_ended
from gridmap.contacts.model import ContactPair
from gridmap.contacts.plans.model import PairPlan, PairPlanFormer, PairPlanPair
from gridmap.contacts.plans.queries import AT_ADDRESS, OF_HOUSEHOLD
from gridmap.households.model import Household


def lock_pairs(session: Session) -> None:
    """Makes others who apply or undo plans wait until this transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridmap contact pairs'))"))


_SAME = and_(
    PairPlanPair.county_code == ContactPair.county_code,
    PairPlanPair.household_id == ContactPair.household_id,
    PairPlanPair.rank == ContactPair.rank,
    PairPlanPair.officer_id == ContactPair.officer_id,
    PairPlanPair.tier == ContactPair.tier,
)


def replace_pairs(session: Session, plan: PairPlan, prefixes: Sequence[str], by: str) -> tuple[int, int]:
    """Writes a plan: keeps what it takes away, takes it away, puts in what is new. How many of each."""
    in_plan = select(PairPlanPair.plan_id).where(PairPlanPair.plan_id == plan.id, _SAME).exists()
    within = (
        select(Household.id)
        .join(Address, AT_ADDRESS)
        .where(OF_HOUSEHOLD, Household.status == "current", lies_within(prefixes))
        .exists()
    )
    gone = delete(ContactPair).where(within, ~in_plan).returning(ContactPair)
    columns = ("county_code", "household_id", "rank", "officer_county_code", "officer_id", "tier", "reason", "since")
    rows = session.execute(gone.execution_options(synchronize_session=False)).scalars().all()
    former = [{"plan_id": plan.id, **{name: getattr(row, name) for name in columns}} for row in rows]
    session.expunge_all()
    if former:
        session.execute(insert(PairPlanFormer), former)
        keep_ended(session, "pair_plan_former c WHERE c.plan_id = :plan", "plan", {"plan": plan.id, "by": by})
    return len(former), _put_in(session, plan.id)


def _put_in(session: Session, plan_id: int) -> int:
    """Puts in the pairs of a plan that nobody has yet, and notes which those are; how many. The pairs are locked."""
    # Marked first, each by one look at pk_contact_pair. What a statement had put in was joined to the plan's rows
    # before, and of a plan just made the planner knows nothing: 54,000 times 54,000 comparisons took over ten minutes.
    session.execute(
        text(
            "UPDATE pair_plan_pair p SET inserted = true WHERE p.plan_id = :plan AND NOT EXISTS ("
            "SELECT FROM contact_pair c"
            " WHERE (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank))"
        ),
        {"plan": plan_id},
    )
    put = session.execute(
        text(
            "INSERT INTO contact_pair (county_code, household_id, rank, officer_county_code, officer_id, tier, reason)"
            " SELECT p.county_code, p.household_id, p.rank, substr(p.officer_id, 2, 6), p.officer_id, p.tier, p.reason"
            " FROM pair_plan_pair p WHERE p.plan_id = :plan AND p.inserted"
        ),
        {"plan": plan_id},
    )
    return int(getattr(put, "rowcount", 0))


def moved_since(session: Session, plan_id: int, limit: int) -> Sequence[str]:
    """Households of a plan whose pairs are no longer those that applying it wrote."""
    stmt = text(
        "SELECT DISTINCT p.household_id FROM pair_plan_pair p LEFT JOIN contact_pair c"
        " ON (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank)"
        " WHERE p.plan_id = :plan AND p.inserted AND c.officer_id IS DISTINCT FROM p.officer_id"
        " UNION SELECT f.household_id FROM pair_plan_former f JOIN contact_pair c"
        " ON (c.county_code, c.household_id, c.rank) = (f.county_code, f.household_id, f.rank)"
        " LEFT JOIN pair_plan_pair p ON p.plan_id = f.plan_id"
        " AND (p.county_code, p.household_id, p.rank) = (f.county_code, f.household_id, f.rank)"
        " WHERE f.plan_id = :plan AND p.plan_id IS NULL"
        # Who is to come back has another rank of the household by now.
        " UNION SELECT f.household_id FROM pair_plan_former f JOIN contact_pair c"
        " ON (c.county_code, c.household_id, c.officer_id) = (f.county_code, f.household_id, f.officer_id)"
        " LEFT JOIN pair_plan_pair p ON p.plan_id = f.plan_id AND p.inserted"
        " AND (p.county_code, p.household_id, p.rank) = (c.county_code, c.household_id, c.rank)"
        " WHERE f.plan_id = :plan AND p.plan_id IS NULL"
        " ORDER BY 1 LIMIT :limit"
    )
    return session.scalars(stmt, {"plan": plan_id, "limit": limit}).all()


def restore_pairs(session: Session, plan_id: int, by: str) -> Sequence[str]:
    """Takes away what applying a plan put in, and puts back what it took away.

    Not where officer or household has ended since: pairs end with their people. Returns the households of these.
    """
    put = (
        "contact_pair c JOIN pair_plan_pair p"
        " ON (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank)"
        " WHERE p.plan_id = :plan AND p.inserted"
    )
    keep_ended(session, put, "undo", {"plan": plan_id, "by": by})
    session.execute(
        text(
            "DELETE FROM contact_pair c USING pair_plan_pair p WHERE p.plan_id = :plan AND p.inserted"
            " AND (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank)"
        ),
        {"plan": plan_id},
    )
    session.execute(
        text(
            "INSERT INTO contact_pair"
            " (county_code, household_id, rank, officer_county_code, officer_id, tier, reason, since)"
            " SELECT f.county_code, f.household_id, f.rank, f.officer_county_code, f.officer_id, f.tier, f.reason,"
            " f.since FROM pair_plan_former f"
            " JOIN officer o ON (o.county_code, o.id) = (f.officer_county_code, f.officer_id)"
            " JOIN household h ON (h.county_code, h.id) = (f.county_code, f.household_id)"
            " WHERE f.plan_id = :plan AND o.status = 'current' AND h.status = 'current'"
        ),
        {"plan": plan_id},
    )
    ended = session.scalars(
        text(
            "SELECT DISTINCT f.household_id FROM pair_plan_former f LEFT JOIN contact_pair c"
            " ON (c.county_code, c.household_id, c.rank) = (f.county_code, f.household_id, f.rank)"
            " WHERE f.plan_id = :plan AND c.officer_id IS NULL ORDER BY 1"
        ),
        {"plan": plan_id},
    ).all()
    session.execute(delete(PairPlanFormer).where(PairPlanFormer.plan_id == plan_id))
    session.execute(update(PairPlanPair).where(PairPlanPair.plan_id == plan_id).values(inserted=False))
    return ended
