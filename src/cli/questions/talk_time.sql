select
    c.name as campaign,
    count(*) as conversations,
    round(sum(a.talk_seconds) / 60) as minutes,
    round(avg(a.talk_seconds)) as seconds_each
from revox.call_attempts a
join revox.calls k on k.id = a.call_id
join revox.campaigns c on c.id = k.campaign_id
where a.talk_seconds > 0
    and a._deleted_at is null
group by c.id, c.name
order by c.name, c.id
