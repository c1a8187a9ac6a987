"""What people did with items of each origin, added up by the database: a row a person and origin.

Raw SQL, since every page of it would otherwise be several passes over millions of rows. Left out:
feedback that is set aside as suspicious, and what people do with items of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection

# An item that a person stayed with this long counts as clicked: there is nothing to click on in a
# feed that plays by itself.
CLICK_DWELL_S = 6.0
FINISHED = 0.95

BEHAVIOUR = """
WITH acts AS (
    SELECT user_id, item_id,
        max(value) FILTER (WHERE kind = 'dwell') AS dwell,
        -- Not least(max(…), 1), which would make 1 of nothing.
        max(least(value, 1.0)) FILTER (WHERE kind = 'complete') AS watched,
        coalesce(
            max(created_at) FILTER (WHERE kind = 'like')
            > coalesce(max(created_at) FILTER (WHERE kind IN ('dislike', 'not_interested', 'undo')),
                       '-infinity'),
            false) AS liked
    FROM recommender_interaction
    WHERE created_at >= %(since)s AND created_at < %(until)s AND suspicion_id IS NULL
    GROUP BY user_id, item_id
), shown AS (
    SELECT DISTINCT user_id, item_id
    FROM recommender_impression
    WHERE created_at >= %(since)s AND created_at < %(until)s
)
SELECT acts.user_id, item.origin,
    count(*),
    count(*) FILTER (WHERE liked OR dwell >= %(click)s),
    count(*) FILTER (WHERE liked),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell),
    count(watched),
    coalesce(sum(watched), 0),
    count(*) FILTER (WHERE watched >= %(finished)s)
FROM acts
JOIN shown USING (user_id, item_id)
JOIN catalog_item item ON item.id = acts.item_id
WHERE item.owner_id IS DISTINCT FROM acts.user_id
GROUP BY acts.user_id, item.origin
"""

RATINGS = """
SELECT rating.user_id, item.origin, rating.facet, count(*), sum(rating.stars)
FROM recommender_rating rating
JOIN catalog_item item ON item.id = rating.item_id
WHERE rating.updated_at >= %(since)s AND rating.updated_at < %(until)s
    AND item.owner_id IS DISTINCT FROM rating.user_id
GROUP BY rating.user_id, item.origin, rating.facet
"""

REMARKS = """
SELECT remark.user_id, item.origin, count(*),
    count(*) FILTER (WHERE remark.understood ->> 'opinion' = 'like'),
    count(*) FILTER (WHERE remark.understood ->> 'opinion' = 'dislike')
FROM recommender_remark remark
JOIN catalog_item item ON item.id = remark.item_id
WHERE remark.created_at >= %(since)s AND remark.created_at < %(until)s
    AND item.owner_id IS DISTINCT FROM remark.user_id
GROUP BY remark.user_id, item.origin
"""

# A person's week k runs from 7k to 7k + 7 days after they joined. Only weeks that are over count,
# so that a cohort's last cell is not low merely because it is young.
RETENTION = """
WITH people AS (
    SELECT person.id, person.date_joined AS joined, coalesce(profile.ai_share, 0) AS ai_share,
        date_trunc('week', person.date_joined AT TIME ZONE 'UTC')::date AS cohort
    FROM accounts_user person
    LEFT JOIN accounts_profile profile ON profile.user_id = person.id
    WHERE person.date_joined >= %(since)s AND person.deletion_requested_at IS NULL
        AND person.role IN ('viewer', 'uploader')
), visits AS (
    SELECT user_id, created_at FROM recommender_interaction WHERE created_at >= %(since)s
    UNION ALL
    SELECT user_id, created_at FROM recommender_impression WHERE created_at >= %(since)s
), active AS (
    SELECT DISTINCT people.id,
        floor(extract(epoch FROM visits.created_at - people.joined) / 604800)::int AS week
    FROM visits JOIN people ON people.id = visits.user_id
    WHERE visits.created_at >= people.joined
)
SELECT people.cohort, people.ai_share, weeks.week, count(*), count(active.id)
FROM people
CROSS JOIN generate_series(0, %(weeks)s) AS weeks(week)
LEFT JOIN active ON active.id = people.id AND active.week = weeks.week
WHERE people.joined + (weeks.week + 1) * interval '7 days' <= %(until)s
GROUP BY people.cohort, people.ai_share, weeks.week
"""


def read_behaviour(since: datetime, until: datetime) -> list[tuple[Any, ...]]:
    """Return (user, origin, in sight, clicked, liked, median dwell, videos, watched, finished)."""
    values = {"since": since, "until": until, "click": CLICK_DWELL_S, "finished": FINISHED}
    return list(_rows(BEHAVIOUR, values))


def read_ratings(since: datetime, until: datetime) -> list[tuple[Any, ...]]:
    """Return (user, origin, facet, ratings, stars)."""
    return list(_rows(RATINGS, {"since": since, "until": until}))


def read_remarks(since: datetime, until: datetime) -> list[tuple[Any, ...]]:
    """Return (user, origin, remarks, praise, blame)."""
    return list(_rows(REMARKS, {"since": since, "until": until}))


def read_retention(since: datetime, until: datetime, weeks: int) -> list[tuple[Any, ...]]:
    """Return (cohort, share of AI, week, people whose week is over, of them active).

    Of people who joined since then; a cohort is the Monday of the week of sign-up.
    """
    return list(_rows(RETENTION, {"since": since, "until": until, "weeks": weeks - 1}))


def _rows(sql: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()
