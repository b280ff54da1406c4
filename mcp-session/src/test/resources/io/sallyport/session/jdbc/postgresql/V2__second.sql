-- A script may be run once only: the second row of the same key would be refused.
insert into first values (2);
create table other (id int primary key, what varchar(20));
create function twice(n int) returns int language plpgsql as $$
begin
    return 2 * n;
end $$;
