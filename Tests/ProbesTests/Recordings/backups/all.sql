--
-- PostgreSQL database cluster dump
--

\restrict e9kNxEsNxODUEoEIK24Yh49tMyTJ4hPgk7jjNr3UKscGYIAWq7bZH1gkXSJ7OTj

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;

--
-- User Configurations
--








\unrestrict e9kNxEsNxODUEoEIK24Yh49tMyTJ4hPgk7jjNr3UKscGYIAWq7bZH1gkXSJ7OTj

--
-- Databases
--

--
-- Database "template1" dump
--

\connect template1

--
-- PostgreSQL database dump
--

\restrict HMh9HNNnp7IPKSsX0X87aqen885sjZAoaDQLvVJyX6RVFE7ry0iiQJRrSbgXTma

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

--
-- PostgreSQL database dump complete
--

\unrestrict HMh9HNNnp7IPKSsX0X87aqen885sjZAoaDQLvVJyX6RVFE7ry0iiQJRrSbgXTma

--
-- Database "other" dump
--

--
-- PostgreSQL database dump
--

\restrict NZdD36Xoze1IvKdl1f3X56gTwEhIrc1vbNL0qIhMn1rWYboOJk4MyGU8zk1Nma4

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

--
-- Name: other; Type: DATABASE; Schema: -; Owner: postgres
--

CREATE DATABASE other WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';


ALTER DATABASE other OWNER TO postgres;

\unrestrict NZdD36Xoze1IvKdl1f3X56gTwEhIrc1vbNL0qIhMn1rWYboOJk4MyGU8zk1Nma4
\connect other
\restrict NZdD36Xoze1IvKdl1f3X56gTwEhIrc1vbNL0qIhMn1rWYboOJk4MyGU8zk1Nma4

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
-- Name: t; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.t (
    a integer
);


ALTER TABLE public.t OWNER TO postgres;

--
-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.t (a) FROM stdin;
1
\.


--
-- PostgreSQL database dump complete
--

\unrestrict NZdD36Xoze1IvKdl1f3X56gTwEhIrc1vbNL0qIhMn1rWYboOJk4MyGU8zk1Nma4

--
-- Database "postgres" dump
--

\connect postgres

--
-- PostgreSQL database dump
--

\restrict fXR1lplzVVgMbcxWzXNvFGOcpjRwzhmu8tB4bg50PVkBSNupfa2I9Om2SEvP70X

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

--
-- PostgreSQL database dump complete
--

\unrestrict fXR1lplzVVgMbcxWzXNvFGOcpjRwzhmu8tB4bg50PVkBSNupfa2I9Om2SEvP70X

--
-- Database "vault" dump
--

--
-- PostgreSQL database dump
--

\restrict EzBEGVYxC53ZjHWQRG3kqRGrKJts88fphp7k9hXG0mAS6GPHbqHhyJJhz6Af3Gt

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

--
-- Name: vault; Type: DATABASE; Schema: -; Owner: postgres
--

CREATE DATABASE vault WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';


ALTER DATABASE vault OWNER TO postgres;

\unrestrict EzBEGVYxC53ZjHWQRG3kqRGrKJts88fphp7k9hXG0mAS6GPHbqHhyJJhz6Af3Gt
\connect vault
\restrict EzBEGVYxC53ZjHWQRG3kqRGrKJts88fphp7k9hXG0mAS6GPHbqHhyJJhz6Af3Gt

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
/	/core/	keyring	\\x0000000102dd6f040b11521f9c20654ee3f6e4a135ac14cca1697baefd061e057fb9cddb78b36c75fc33aeccae3ab30cfe530d730277a02eb631f8579b16a7284117c4dede92b2ace05ab5214f6b409845e0c8f3d530981ce6827078ac4a6c611313c6f855449bd322ff2d8cfdc4e412776011801a3fea35f8a797f5da1dc6d4434ee08de37b676f959a7843c5ff89551b6625b5f8ca7747b73d0c767de68f548f53c916a704cecb943f6f8ef358020e05184cf104646a079ce7de0cd1feba29aad2291485b249f0b25b6500b7e41b4146385290adeb0cc6db3311d60ed8a8325929e552d533557a661bf68b6119fa441fd74eba0fbaa1a1b65ecc862a2f1d48f155cc9ce8267b85ca3a24637e45814bb80f185992d7599b8921c87be2b4cb5531cb2d6d0b4522f71477307337400e
/	/core/	master	\\x0000000102a833fa16d8a52275830e68ebc4a19e54a42fda9dbbe3e9309dff1562fb34172fff10b7705a0f4d71bf22fef6a97669f8a5eb24143220faceeddbd15103fc694371c879847bdaa7203944370623e59071ca0fd99ab60b35da94138956c2fb0dd189ece899d3d6b79ed84f996bffe42fd443950dba4ef9b1d8a8d23da60e2ca963ff68818a91c37bc9da863e7b0523
/	/core/	shamir-kek	\\x0000000102647fd021e2d5884ec9a23d3a256c48174116e96ea6087158518e557e4fe8bcb3a1abe7649c6485b432ad6e1e31304a4017fabb8a4b8b24bc5de8f967
/	/core/	seal-config	\\x7b2274797065223a227368616d6972222c227365637265745f736861726573223a352c227365637265745f7468726573686f6c64223a332c227067705f6b657973223a6e756c6c2c226e6f6e6365223a22222c226261636b7570223a66616c73652c2273746f7265645f736861726573223a317d
/core/	/core/hsm/	barrier-unseal-keys	\\x0a4ced3aafbff23fe02ed94ad39b88f5e2a13133bbc61672bd69cf025e6b95458a7d381e3eda65532f371163e6649724d783efdd61094bce6fa9e9840ce8414ad598f4329c32f1d8bec80bf0bf2a2a00
/core/cluster/	/core/cluster/local/	info	\\x0000000102b321db4115b9fa88ade976aaa5586fdf6cb5faa1c71f4b05026b2137980c5fb6ccdffbc6a26ac52cbc90904613101d5ec156e8aaa66dddf9ddf9bf293db06af828bf1c5782b3c42274ce10182cfbdcb711b4c1d5c149847d095ff0967e0a162108d518ea56deb6df32
/	/core/	local-mounts	\\x0000000102f8d2810eb669b4d4c3f4fbbc0167ee67fdfb8c8b1dcf89e6258e657923066b7f576c60ab1e7bd5ad7ccc46bdbdeb9f4aa4910d09f92113d095f5977075825d02912f77b545c7f0b70680aba12d081bcd180eaf377220204ed4a958d8a60cc106d16bf0220f976fea5d51791a0f9c59d93bdfbc661dbb23942add80c535e07a4a445c81b6c126cbf6b9266e674e50fd2ef1561a5b1acd04f9274cd6cb284997a1fd60a794d0e4eb83109c53cdb7bb4eca960a08122807eb587d2cb767d9fb437a127815294ca6cf2a20e6487e138876138ebc41d7d512defa658a7ebeb91afbac21603c339d5dd6f5c6881ee8a561fa206c7ad7398f715cce4b6aa33ebd868958400dd2142ce74749fe3cbfd75c8b3549731fabaebd21d4772cedd4200cb9efee9e2d07bd0b9b950f2d0c
/sys/	/sys/policy/	response-wrapping	\\x000000010255ab6370b3770bd0d6837ab447e4a85b31a30b3b783d80c0e46178d03071b74eae7645c2d8c05026874768f1d454393c256efd8344fd648015ba71079400afca765e6d37645cb93b7e4f1d91e2a16fdf5f6f44334c2c532a31f4a4832ad156d788d74df1198e6212063e075457b8fb7abb3a92edda765931309831601f9d33c86ca1f95a4b4d3cab67e7147f32bb271cdeccda608d4ab3c3d8b637775bcf7728a03e333aceb85f23698521d0290e648a4e8fb3a66be65ec0640b827c1f561ec5faa15e43d5008c334b17670672c3fb82aab95edd59bdc7d9bc39af24abcda0451e87f3
/sys/	/sys/policy/	control-group	\\x000000010265090d6e936fdde41a90509f8887d870d9d5bd11128e4e49509ed51ea93dc5469de7bee65123efc5d375297dd31bdd2dfff0975e29c7270141a916e83d2a25163357eb64e85fb442ae0bb5451593942c62ee6018c2419dac16db7b1f24fe8841824991039f90c6893f49e17ec5e996dfcde34639717ac190bd7108f16dcc0c28eca35d362093e2989aa7f8e327b89fd002a6e753aa88bca6e67b354f65a2dd2e06d7bc9adc1dd0e43f3118c498b2684d3c35d87c01177c7bb3a0bddb0193d83411acb91e56d5fed19680c449b26e892bada2c0524b56992c4f702f84748ad732a69869a712695e8d6edc77a9b03c28eb676e349f
/	/core/	auth	\\x0000000102a82318862588e31627041c9919583c43e22a90b43672f7da47e8d2fb01781df79264f9b2732616a0fff15533570488e6d763097d918d2783af5721616cfbe4de1db1377ca83c0e4d6ec31ac84890121bc5a4ef456cb1d501b7482914a1d5dd63dc7445f869ca7c4018ef71ab588ad0326090ac84d9e98cd67007ce67b23f94a5cfb391cf329aebd22eab62d192b0ceb879d2f79be830616fb646e8e7dbf17f051fcc255a2fe64e9e4bcdf64158131f6fbc0b8367c0dbfb4ca6093e71cf1ec08091c89b6e99604a31bb3f8e81283d4695929230d0ab19a7e4ff167bcbec04b5c0afb9fae3a856651b1f07fbb8163884e9f017247beda9d4a6368b7aa17fc063c85abf7687d7b4de0e4e80cc170c876c6bb6023b6496d4d0f873
/	/core/	local-auth	\\x0000000102638442b648ddbaabf5bb164f4a0ad94423086d6bd1fe0209d821a6e39792600630f80179f556326d4721f214c823538b563f93a0681122990a50429d88965fca746d996ca3f84d12804b20c1d8633a5b5b35d35f
/sys/	/sys/token/	salt	\\x000000010293398aefd0963a6706accc86d2d781efc64b17b52bc3e69650c76d1057b4f7f072033e6354c27045bba55bf1146300e17f3778933d9854d4b268d58461907f9b
/sys/token/	/sys/token/accessor/	1bafc45b65c0ff04f15c52bf852433669c221fc2	\\x000000010215c86edec0e93d6f179c7cf771e1ed45af80c3bda330853dea2222d33aa3b78db24077be931d8ee366746b82fce2fed6571c9eae022e87edad118a5a54217dad6fe1446730fa51df117f7bf794b56e20390e12e543f25f2e30a484269b4f8851d55f2e3ce16383b916881d744f65de83228f78f67b8c3e70d24f4dba7fdd2ab20e6ccff311
/core/	/core/cluster/	feature-flags	\\x0000000102647f6ed07194cd53ad5a87d6f1b29225001c37f3742fd892fffc893966168f7969ef04f8c778152c2b31d707b5028d715386601f45defcf9b8f8b79d6a2b1ea6
/logical/	/logical/a5308d54-7294-31b2-f50f-b240bc0fefe2/	casesensitivity	\\x0000000102fc6ada38e4da6e93db0e1b14be9111739d8541353aef98f223ddd61cfc04e1c65dad3062203df9e4a08d41622955bb68ef1fca975a85712e1f42fac6564102ed
/	/core/	audit	\\x000000010216510fa00cd1860dc36d5ef3cd17ee755d049662a75e4fa4c236be43f37cdae8459ffb94e4f6c18185326dc3fb5cdb8e439bc71761e55d23c8d89a22395c2b216875ed347509fd42dd5b3b384efe5bd7507aa797c3d2ca9bfe32364e847efb898352aaf142cc1780f349e179142b6a71416bd50c2357cdf29ad11359821700afda9a28e83dd84a1fcc1e448816878819fbc9ce4cfbcadb25aa56c59c1a3b3937c1d92184343c6f622a700203b3dea8aec225bc1ae42b4b88cf14e2f3e3356454ef4401137b0b94646370d374f862d226fb5e17c772c7b8a356971d611f7995f3a0d35710e7101f3f1d4dffbd904036e3342d0d635fb6453816b56209ab141ff615d554e18c98b1
/	/core/	local-audit	\\x0000000102d55c0128f266678d401198a9519df50efb80291b0b2bcddf0161f57ab68cbdf6e1cb680a283e90046a9032d0628f80b8afef7a3744251ea96f7078222843c51bf20a338b91506f5c34849842d2dc4c8a79c8537a02
/audit/	/audit/65f22765-44bd-d125-d812-3e2c87573ba9/	salt	\\x0000000102221060e09d2d400f1056ac2a27d13f0715fedf1cde8023248120d48cf36bd5155794d02cac6eb9c119d6141528e7e6742c620f91be579973477beecb141da899
/logical/41b42804-ce68-e2dc-4c67-2a2b3267a551/	/logical/41b42804-ce68-e2dc-4c67-2a2b3267a551/config/	real	\\x0000000102b6ceb98c7b4cec5f0adb324018244239edaca52af5776dfac366ff4fb374833d11987ea5e7f871cae4b7b81f57af0470afd7b75c4bbfc6485f0edf96c658f0c978371d45f771aeaf39fbfc1b198708358d125d0d9d61a9aff37393e1cccd252d3e39686373bd169c79ece2d1cdabc3af30f9997c3914c89b6449ab12009382a74c4b1d6b1d89f579c5676aea94b5d26bac4275b30455c99c62e582dfbfd534172ef0c0f24d2581e51fa8cf52d52478b911646d4e054945cfcbcbdb56de14045d8219faedad28fc287eb7f0d9525a8eeff7655dc3d4ce6e39996a0d35fcf7358ba2f74f7967a3c5ca1b383c64067c8efd9794aeaf6940721fc9a6ff59b4dc93ff4105499bea25774d7d1b5d7d175eb4515bd02ab92a0b57c184e7fe9fd815fd0ab3c9ccd77519f04bbc157201beb640cf5c9acda2e769524b5c62c5
/logical/41b42804-ce68-e2dc-4c67-2a2b3267a551/	/logical/41b42804-ce68-e2dc-4c67-2a2b3267a551/role/	app	\\x000000010297c7c4b4fc4313778bd8362101feab71d902fef496af6e9033b0287ad6f693dd0db9e562aa385d871c7dfff7062b873ecb49bd40f17527b2943a4040813b7cb711b94e1c1b79efb1cd2fef4dd2f2ad7758bc9c73c985d8a4f516a86f68901db62115e2b886ecffa1f87d91423dc32a44eed02a6a2a0a80c7c1c5371d88d22750866aa50be5c45529296d394bd7e5ae19a4db441be6080dcb616e262934d621fb601c38c4e5ca954e0fcfb44323e436b2390b1982234fbc8b2615f51987bb6315ca520b3b0c09e601a7ca7518127afa70beb95b8ab51ea72bc51de6bea790747993d97ef77124f147cf277a1dc6ec2b
/logical/41b42804-ce68-e2dc-4c67-2a2b3267a551/	/logical/41b42804-ce68-e2dc-4c67-2a2b3267a551/role/	long	\\x0000000102494482adbf69915ba19310c78a3fd753123d65137ceda54160652537c2136a23e10024a82837b2c1dd20ac1925571fe13e49f11febae010b5a5b08f513d3b0bdd908c3c7e1db3cb35e9ee8ca313358c66773cbc3bfc422a8ab9ba9c4e61e48b367f3cad37453bb0f10a2f2c6883763ce104c4d3713f40f65aba46074aaa57f8bfcd44cd6a6a4d421a5ea5e29abb59fbd5f78cfbf28f71045c8480a4db035edc7a8ba665c07fbc28c71a1cb13a95956af192e135c1addc37f41909973e7a864e9daa64fe584e63cb7e242c8f546e9b21bd17b65ffca565f1eb05d2edb1be7d4ad8911de9339b5db66a9f24b37b442770c7f
/logical/5027e31c-bc58-4874-aaf1-2ab3afc4b9cd/	/logical/5027e31c-bc58-4874-aaf1-2ab3afc4b9cd/test-tenant-id/	admin	\\x00000001020a9a445aeefef706d735f4cbef2c95952ec59b93a42f0ce2c2c8b60a3a294007bf4942650de9a97592d382b5675adc77a669b29ebe01f2fd48e2f99f91a4c2
/sys/expire/token/	/sys/expire/token/h6fef5ff871920e66802f0ee1662c075c985ff9ca9b832155cf1784f7a6cd3ca0/	090c16783cfbb9c2477efc65380465b198d39f16	\\x00000001025b94984e98d543dda19c9053739a4f5389eca4c144ab8cb47299de0f13fe2800bf362fe0d727841554f6749b1da25a697723628ec24c224021b91605082f4fd080c4fc14b7b96c
/sys/expire/token/	/sys/expire/token/h6fef5ff871920e66802f0ee1662c075c985ff9ca9b832155cf1784f7a6cd3ca0/	1fe7e0b9880d63378d8d5d4bdff3c86a56726b49	\\x00000001024c6c15a311a106c14aed4ff47ee668d06a9125730e5ddfd82ff655b8eaa5683eea01f4c8d4bfbbd114c7c8673643954e662a434fac852d2f0ae1b4606fa73e3ba18d93ece5736454
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

\unrestrict EzBEGVYxC53ZjHWQRG3kqRGrKJts88fphp7k9hXG0mAS6GPHbqHhyJJhz6Af3Gt

--
-- PostgreSQL database cluster dump complete
--

