-- Sessions, living and ended. Moments are microseconds since 1970 by the server's clock, spans are microseconds.
create table sallyport_session (
    session_key text collate "C" primary key,
    principal text not null,
    version bigint not null,
    -- What is kept of it; nothing once it has ended.
    data text,
    opened bigint not null,
    used bigint not null,
    -- How it ended; nothing while it lives.
    ended text,
    ended_at bigint,
    -- The key of the session that ended to make room for this one.
    made_room text
);
create index sallyport_session_principal on sallyport_session (principal, used) where ended is null;
create index sallyport_session_used on sallyport_session (used) where ended is null;
create index sallyport_session_opened on sallyport_session (opened) where ended is null;
create index sallyport_session_ended on sallyport_session (ended_at) where ended is not null;

create table sallyport_stream (
    session_key text collate "C" not null,
    stream text collate "C" not null,
    writer text not null,
    about text not null,
    fence bigint not null,
    last bigint not null,
    -- No event before it is kept.
    first_kept bigint not null,
    bytes bigint not null,
    finished boolean not null,
    -- When it was begun or last appended to.
    touched bigint not null,
    primary key (session_key, stream)
);

create table sallyport_event (
    session_key text collate "C" not null,
    stream text collate "C" not null,
    number bigint not null,
    data text not null,
    primary key (session_key, stream, number)
);

create table sallyport_node (
    node text collate "C" primary key,
    -- When its lease is over.
    until bigint not null,
    -- The number of the last letter posted, and of the last one that the node has taken note of.
    last bigint not null,
    seen bigint not null
);
create index sallyport_node_until on sallyport_node (until);

create table sallyport_letter (
    node text collate "C" not null,
    number bigint not null,
    text text not null,
    -- Tells a letter that is posted again from one that says the same.
    token text not null,
    primary key (node, number)
);

create function sallyport_now() returns bigint language sql volatile as
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint';

-- Locks are taken in this order: all sessions, a principal's, one session, its streams. Who appends to a stream holds
-- that stream only, and leaves alone what others hold.

create function sallyport_drop_streams(p_session text, p_streams text[]) returns void language plpgsql as $$
begin
    delete from sallyport_stream where session_key = p_session and stream = any (p_streams);
    -- Only now: a writer that was at it has committed, so that its events are seen and go, too.
    delete from sallyport_event where session_key = p_session and stream = any (p_streams);
end $$;

create function sallyport_end(p_keys text[], p_how text) returns setof text language plpgsql as $$
declare
    v_keys text[];
begin
    with gone as (
        update sallyport_session set ended = p_how, ended_at = sallyport_now(), data = null
            where session_key = any (p_keys) and ended is null
            returning session_key)
        select array_agg(session_key) into v_keys from gone;
    delete from sallyport_stream where session_key = any (v_keys);
    delete from sallyport_event where session_key = any (v_keys);
    return query select unnest(v_keys);
end $$;

-- Returns what came of it: created, exists, full; or crowded, when nothing was done and p_alone has to be set.
create function sallyport_create(
    p_key text, p_principal text, p_data text, p_version bigint, p_idle bigint, p_absolute bigint,
    p_per_principal int, p_total int, p_alone boolean, p_again boolean,
    out outcome text, out made_room text) language plpgsql as $$
declare
    v_old sallyport_session%rowtype;
    v_now bigint;
    v_count bigint;
    v_how text;
begin
    -- While there is more room than there can be connections, those who share the lock cannot overfill it together.
    if p_alone then
        perform pg_advisory_xact_lock(6007894563245911);
    else
        perform pg_advisory_xact_lock_shared(6007894563245911);
    end if;
    perform pg_advisory_xact_lock(hashtextextended(p_principal, 6007894563245911));

    select * into v_old from sallyport_session s where s.session_key = p_key;
    -- What was created by an attempt whose answer was lost may even have ended since then.
    if found and p_again and (v_old.ended is not null or v_old.data = p_data) then
        outcome := 'created';
        made_room := v_old.made_room;
        return;
    end if;
    if found and v_old.ended is null then
        outcome := 'exists';
        return;
    end if;

    for attempt in 1 .. 1000 loop
        v_now := sallyport_now();
        made_room := null;
        select count(*) into v_count from sallyport_session s where s.principal = p_principal and s.ended is null;
        if v_count >= p_per_principal then
            select s.session_key,
                    case when s.opened <= v_now - p_absolute then 'expired_max_age'
                        when s.used <= v_now - p_idle then 'expired_idle' else 'evicted' end
                into made_room, v_how from sallyport_session s
                where s.principal = p_principal and s.ended is null
                order by s.opened <= v_now - p_absolute or s.used <= v_now - p_idle desc, s.used limit 1;
        else
            select count(*) into v_count from sallyport_session s where s.ended is null;
            if not p_alone and v_count + current_setting('max_connections')::int > p_total then
                outcome := 'crowded';
                return;
            end if;
            exit when v_count < p_total;
            select s.session_key, 'expired_idle' into made_room, v_how from sallyport_session s
                where s.ended is null and s.used <= v_now - p_idle order by s.used limit 1;
            if made_room is null then
                select s.session_key into made_room from sallyport_session s
                    where s.ended is null and s.opened <= v_now - p_absolute order by s.opened limit 1;
                v_how := 'expired_max_age';
            end if;
            if made_room is null then
                outcome := 'full';
                return;
            end if;
        end if;
        -- It may be ended by somebody else, who tells of it, too; then count again.
        exit when made_room is null or exists (select 1 from sallyport_end(array[made_room], v_how));
    end loop;

    delete from sallyport_session s where s.session_key = p_key and s.ended is not null;
    insert into sallyport_session (session_key, principal, version, data, opened, used, made_room)
        values (p_key, p_principal, p_version, p_data, v_now, v_now, made_room);
    outcome := 'created';
end $$;

-- Returns opened, exists, or none if the session does not live.
create function sallyport_open(
    p_session text, p_stream text, p_writer text, p_about text, p_idle bigint, p_absolute bigint, p_streams int,
    p_again boolean) returns text language plpgsql as $$
declare
    v_now bigint := sallyport_now();
    v_old sallyport_stream%rowtype;
    v_needless text[];
begin
    perform 1 from sallyport_session s
        where s.session_key = p_session and s.ended is null
            and s.used > v_now - p_idle and s.opened > v_now - p_absolute
        for no key update;
    if not found then
        return 'none';
    end if;
    select * into v_old from sallyport_stream s where s.session_key = p_session and s.stream = p_stream;
    if found then
        return case when p_again and v_old.writer = p_writer and v_old.fence = 1 and v_old.last = 0
            then 'opened' else 'exists' end;
    end if;
    select array_agg(n.stream) into v_needless from (
        select s.stream from sallyport_stream s where s.session_key = p_session
            order by s.finished desc, s.touched
            limit (select greatest(0, count(*) - p_streams + 1) from sallyport_stream a
                where a.session_key = p_session)) n;
    if v_needless is not null then
        perform sallyport_drop_streams(p_session, v_needless);
    end if;
    insert into sallyport_stream
        (session_key, stream, writer, about, fence, last, first_kept, bytes, finished, touched)
        values (p_session, p_stream, p_writer, p_about, 1, 0, 1, 0, false, sallyport_now());
    return 'opened';
end $$;

-- Returns KEPT, FENCED or UNKNOWN.
create function sallyport_append(
    p_session text, p_stream text, p_fence bigint, p_first bigint, p_data text[], p_last boolean,
    p_bytes bigint, p_streams int) returns text language plpgsql as $$
declare
    v_stream sallyport_stream%rowtype;
    v_end bigint := p_first + cardinality(p_data) - 1;
    v_first_kept bigint;
    v_all bigint;
    v_other record;
begin
    select * into v_stream from sallyport_stream s
        where s.session_key = p_session and s.stream = p_stream for update;
    if not found then
        return 'UNKNOWN';
    end if;
    if v_stream.fence <> p_fence or v_stream.finished and v_end > v_stream.last then
        return 'FENCED';
    end if;
    if v_end > v_stream.last then
        with added as (
            insert into sallyport_event (session_key, stream, number, data)
                select p_session, p_stream, p_first + d.place - 1, d.data
                    from unnest(p_data) with ordinality as d (data, place)
                    where p_first + d.place - 1 > v_stream.last
                returning octet_length(data) as size)
            select v_stream.bytes + sum(size) into v_stream.bytes from added;
        v_stream.last := v_end;
    end if;

    v_first_kept := v_stream.first_kept;
    if v_stream.bytes > p_bytes then
        for v_other in select e.number, octet_length(e.data) as size from sallyport_event e
                where e.session_key = p_session and e.stream = p_stream and e.number >= v_first_kept
                order by e.number loop
            exit when v_stream.bytes <= p_bytes or v_other.number = v_stream.last;
            v_stream.bytes := v_stream.bytes - v_other.size;
            v_stream.first_kept := v_other.number + 1;
        end loop;
        delete from sallyport_event e
            where e.session_key = p_session and e.stream = p_stream
                and e.number >= v_first_kept and e.number < v_stream.first_kept;
    end if;
    update sallyport_stream s set last = v_stream.last, bytes = v_stream.bytes, first_kept = v_stream.first_kept,
            finished = v_stream.finished or p_last, touched = sallyport_now()
        where s.session_key = p_session and s.stream = p_stream;

    select sum(s.bytes) into v_all from sallyport_stream s where s.session_key = p_session;
    if v_all > p_bytes * p_streams then
        for v_other in select s.stream, s.bytes from sallyport_stream s
                where s.session_key = p_session and s.stream <> p_stream
                order by s.finished desc, s.touched
                -- What somebody appends to right now is needed; and two that waited for each other would stand still.
                for update skip locked loop
            exit when v_all <= p_bytes * p_streams;
            perform sallyport_drop_streams(p_session, array[v_other.stream]);
            v_all := v_all - v_other.bytes;
        end loop;
    end if;
    return 'KEPT';
end $$;

-- Ends at most p_max sessions that have expired, and returns their keys. What another node is at is left to it.
create function sallyport_sweep(p_max int, p_idle bigint, p_absolute bigint) returns setof text language plpgsql as $$
declare
    v_now bigint := sallyport_now();
    v_idle text[];
    v_old text[];
begin
    select array_agg(o.session_key) into v_old from (
        select s.session_key from sallyport_session s
            where s.ended is null and s.opened <= v_now - p_absolute
            order by s.opened limit p_max for update skip locked) o;
    select array_agg(i.session_key) into v_idle from (
        select s.session_key from sallyport_session s
            where s.ended is null and s.used <= v_now - p_idle and s.opened > v_now - p_absolute
            order by s.used limit p_max - coalesce(cardinality(v_old), 0) for update skip locked) i;
    return query select sallyport_end(v_old, 'expired_max_age');
    return query select sallyport_end(v_idle, 'expired_idle');
end $$;

-- Forgets at most p_max ended sessions that are over their greatest age, or more than p_total, and nodes that are dead.
create function sallyport_forget(p_max int, p_absolute bigint, p_total int) returns int language plpgsql as $$
declare
    v_now bigint := sallyport_now();
    v_before bigint;
    v_dead text[];
    v_count int;
begin
    select coalesce((select s.ended_at from sallyport_session s where s.ended is not null
            order by s.ended_at desc offset p_total limit 1), 0) into v_before;
    v_before := greatest(v_before, v_now - p_absolute);
    delete from sallyport_session where session_key = any (array(
        select s.session_key from sallyport_session s where s.ended is not null and s.ended_at <= v_before
            order by s.ended_at limit p_max for update skip locked));
    get diagnostics v_count = row_count;
    v_dead := array(select n.node from sallyport_node n where n.until <= v_now for update skip locked);
    delete from sallyport_letter where node = any (v_dead);
    delete from sallyport_node where node = any (v_dead);
    return v_count;
end $$;

-- Returns whether the node lived until now.
create function sallyport_beat(p_node text, p_lease bigint) returns boolean language plpgsql as $$
declare
    v_now bigint := sallyport_now();
begin
    update sallyport_node set until = v_now + p_lease where node = p_node and until > v_now;
    if found then
        return true;
    end if;
    -- Numbers begin at the clock, so that they are greater than those of a former life, even a forgotten one.
    insert into sallyport_node as n (node, until, last, seen) values (p_node, v_now + p_lease, v_now, v_now)
        on conflict (node) do update set until = v_now + p_lease,
            last = greatest(n.last, v_now), seen = greatest(n.last, v_now);
    delete from sallyport_letter where node = p_node;
    return false;
end $$;

create function sallyport_leave(p_node text) returns void language plpgsql as $$
begin
    delete from sallyport_node where node = p_node;
    delete from sallyport_letter where node = p_node;
end $$;

-- Returns KEPT, NOBODY or FULL. Numbers are given under the node's lock: a reader that has seen one has seen all before.
create function sallyport_post(p_node text, p_text text, p_token text, p_max int, p_again boolean)
    returns text language plpgsql as $$
declare
    v_node sallyport_node%rowtype;
begin
    select * into v_node from sallyport_node n where n.node = p_node and n.until > sallyport_now() for update;
    if not found then
        return 'NOBODY';
    end if;
    if p_again and exists (select 1 from sallyport_letter l where l.node = p_node and l.token = p_token) then
        return 'KEPT';
    end if;
    if v_node.last - v_node.seen >= p_max then
        return 'FULL';
    end if;
    update sallyport_node set last = v_node.last + 1 where node = p_node;
    insert into sallyport_letter (node, number, text, token) values (p_node, v_node.last + 1, p_text, p_token);
    return 'KEPT';
end $$;
