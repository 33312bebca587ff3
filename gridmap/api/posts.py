"""Routes of duty posts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.api.deps import SessionDep
from gridmap.api.households import Within
from gridmap.api.params import GridCodePath, Page, PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.security import ActorDep
from gridmap.contacts import posts
from gridmap.contacts.posts import PostPage, PostRecord
from gridmap.contacts.schema import PostChange, PostDetail, PostList, PostNew, PostOut
from gridmap.db.versions import current_version
from gridmap.households.schema import HistoryOut, RevisionOut

router = APIRouter(tags=["posts"])

PostId = Annotated[str, Path(pattern=r"^D[0-9]{14}$", description="D, the county code, eight digits.")]
Holder = Annotated[str | None, Query(pattern=r"^P[0-9]{14}$", description="Only those of an officer.")]


@router.get("/posts")
def list_posts(
    request: Request,
    page: PageDep,
    session: SessionDep,
    actor: ActorDep,
    within: Within = None,
    holder: Holder = None,
    *,
    vacant: bool | None = None,
) -> PostList:
    """Current duty posts in the caller's scope by id, holders masked. Audited."""
    found = posts.list_posts(
        session, actor, within=within, vacant=vacant, holder=holder, cursor=page.cursor, limit=page.limit
    )
    return _listed(request, page, found, session)


@router.get("/grids/{code}/posts")
def list_grid_posts(
    request: Request, code: GridCodePath, page: PageDep, session: SessionDep, actor: ActorDep
) -> PostList:
    """The duty posts of a grid, and how many of them are vacant. Audited."""
    found = posts.list_posts(session, actor, within=code, cursor=page.cursor, limit=page.limit)
    return _listed(request, page, found, session)


@router.post("/posts", status_code=201)
def create_post(given: PostNew, session: SessionDep, actor: ActorDep, response: Response) -> PostDetail:
    """A new post in a grid, vacant or with a holder. Audited."""
    post = posts.create_post(session, actor, given.columns())
    response.headers["Location"] = f"/api/v1/posts/{post.id}"
    return _told(session, response, post)


@router.get("/posts/{post_id}")
def get_post(post_id: PostId, session: SessionDep, actor: ActorDep, response: Response) -> PostDetail:
    """One post, its holder masked. Audited."""
    return _told(session, response, posts.get_post(session, actor, post_id))


@router.patch("/posts/{post_id}")
def change_post(
    post_id: PostId,
    given: PostChange,
    session: SessionDep,
    actor: ActorDep,
    if_match: IfMatchDep,
    response: Response,
) -> PostDetail:
    """Changes the task or the holder; null makes the post vacant. Audited."""
    return _told(session, response, posts.change_post(session, actor, post_id, given.columns(), if_match))


@router.delete("/posts/{post_id}")
def close_post(
    post_id: PostId, session: SessionDep, actor: ActorDep, if_match: IfMatchDep, response: Response
) -> PostDetail:
    """Closes a post; nothing is erased. Audited."""
    return _told(session, response, posts.close_post(session, actor, post_id, if_match))


@router.get("/posts/{post_id}/history")
def post_history(post_id: PostId, session: SessionDep, actor: ActorDep) -> HistoryOut:
    """What the post was after each write, the oldest first; holders by id. Audited."""
    return HistoryOut(
        version=current_version(session),
        id=post_id,
        revisions=[
            RevisionOut(row_version=s.row_version, at=s.at, actor=s.actor, action=s.action, record=s.row)
            for s in posts.get_history(session, actor, post_id)
        ],
    )


def _listed(request: Request, page: Page, found: PostPage, session: Session) -> PostList:
    return PostList(
        version=current_version(session),
        posts=[PostOut.model_validate(post) for post in found.posts],
        vacant=found.vacant,
        next=page.next_link(request, found.posts[-1].id if found.more else None),
    )


def _told(session: Session, response: Response, post: PostRecord) -> PostDetail:
    tag_row(response, post.row_version)
    return PostDetail(**PostOut.model_validate(post).model_dump(), version=current_version(session))
