-- Sessions, living and ended. Moments are microseconds since 1970 by the database's clock, spans are microseconds.
create table if not exists sallyport_session (
    session_key varchar not null primary key,
    principal varchar not null,
    version bigint not null,
    -- What is kept of it; nothing once it has ended.
    data character large object,
    opened bigint not null,
    used bigint not null,
    -- How it ended; nothing while it lives.
    ended varchar,
    ended_at bigint,
    -- The key of the session that ended to make room for this one.
    made_room varchar
);
create index if not exists sallyport_session_principal on sallyport_session (principal, ended, used);
create index if not exists sallyport_session_used on sallyport_session (ended, used);
create index if not exists sallyport_session_opened on sallyport_session (ended, opened);
create index if not exists sallyport_session_ended on sallyport_session (ended_at);

create table if not exists sallyport_stream (
    session_key varchar not null,
    stream varchar not null,
    writer varchar not null,
    about varchar not null,
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

create table if not exists sallyport_event (
    session_key varchar not null,
    stream varchar not null,
    number bigint not null,
    data character large object not null,
    bytes int not null,
    primary key (session_key, stream, number)
);

create table if not exists sallyport_node (
    node varchar not null primary key,
    -- When its lease is over.
    until bigint not null,
    -- The number of the last letter posted, and of the last one that the node has taken note of.
    last bigint not null,
    seen bigint not null
);
create index if not exists sallyport_node_until on sallyport_node (until);

create table if not exists sallyport_letter (
    node varchar not null,
    number bigint not null,
    text character large object not null,
    -- Tells a letter that is posted again from one that says the same.
    token varchar not null,
    primary key (node, number)
);

-- Its one row is held by whoever opens a session.
create table if not exists sallyport_session_lock (id int not null primary key);
merge into sallyport_session_lock (id) values (1);
