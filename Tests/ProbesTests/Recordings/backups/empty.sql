--
-- PostgreSQL database dump
--

\restrict jMeJKUZn6f8gc0zNjHnFtTWZFVeVt5AiUduv7LJalA320MJBJH7MItTUrd5glgZ

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: vault_ha_locks; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.vault_ha_locks (
    ha_key text NOT NULL COLLATE pg_catalog."C",
    ha_identity text NOT NULL COLLATE pg_catalog."C",
    ha_value text COLLATE pg_catalog."C",
    valid_until timestamp with time zone NOT NULL
);


ALTER TABLE public.vault_ha_locks OWNER TO postgres;

--
-- Name: vault_kv_store; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.vault_kv_store (
    parent_path text NOT NULL COLLATE pg_catalog."C",
    path text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    value bytea
);


ALTER TABLE public.vault_kv_store OWNER TO postgres;

--
-- Name: 77; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('77');


ALTER LARGE OBJECT 77 OWNER TO postgres;

--
-- Data for Name: vault_ha_locks; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.vault_ha_locks (ha_key, ha_identity, ha_value, valid_until) FROM stdin;
\.


--
-- Data for Name: vault_kv_store; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.vault_kv_store (parent_path, path, key, value) FROM stdin;
\.


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('77', 131072);
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: vault_ha_locks ha_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.vault_ha_locks
    ADD CONSTRAINT ha_key PRIMARY KEY (ha_key);


--
-- Name: vault_kv_store pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.vault_kv_store
    ADD CONSTRAINT pkey PRIMARY KEY (path, key);


--
-- Name: parent_path_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX parent_path_idx ON public.vault_kv_store USING btree (parent_path);


--
-- PostgreSQL database dump complete
--

\unrestrict jMeJKUZn6f8gc0zNjHnFtTWZFVeVt5AiUduv7LJalA320MJBJH7MItTUrd5glgZ

