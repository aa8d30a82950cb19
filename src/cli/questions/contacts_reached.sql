select
    c.name as campaign,
    count(*) as contacts,
    count(*) filter (where exists (
        select
        from revox.call_attempts a
        where a.call_id = r.call_id
            and a.result = 'human'
            and a._deleted_at is null
    )) as reached
from revox.campaign_rows r
join revox.campaigns c on c.id = r.campaign_id
where r._deleted_at is null
group by c.id, c.name
order by c.name, c.id
