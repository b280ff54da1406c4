-- How many calls may still be made, in Bucket4j's own form. Not worth a disk: after a crash of the server all are full again.
create unlogged table sallyport_bucket (
    name text collate "C" primary key,
    state bytea not null,
    -- From when on it is full, in milliseconds since 1970 by the server's clock; then it need not be kept.
    until bigint not null
);
create index sallyport_bucket_until on sallyport_bucket (until);

-- What operators have changed at run time, by the limit's name.
create table sallyport_limit (
    name text collate "C" primary key,
    text text not null
);
