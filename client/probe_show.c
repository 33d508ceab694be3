/* probe_show.c -- what vcrp probe found, in words and as JSON
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "client/json.h"
#include "client/probe.h"

static double
ms(int64_t us)
{
	return (double)us / 1000;
}

static bool
is_vcrp(const struct probe_talk *talk)
{
	return talk->found.is == RECOGNISED_VCRP ||
	    talk->found.is == RECOGNISED_REFUSAL;
}

/* The connection that says most. */
static const struct probe_talk *
best(const struct probe *probe)
{
	const struct probe_talk *plain = &probe->plain;
	const struct probe_talk *tls = &probe->tls.talk;

	if (plain->found.is == RECOGNISED_VCRP)
		return plain;
	if (is_vcrp(tls) && (tls->found.is == RECOGNISED_VCRP ||
	    !is_vcrp(plain)))
		return tls;
	return plain;
}

/* Of what takes connections and is not VCRP. */
static void
describe(const struct probe *probe, char *text_r)
{
	const struct probe_tls *tls = &probe->tls;
	const struct probe_talk *plain = &probe->plain;

	if (plain->found.is == RECOGNISED_OTHER)
		snprintf(text_r, PROBE_TEXT, "it is %s", plain->found.name);
	else if (tls->talk.found.is == RECOGNISED_OTHER)
		snprintf(text_r, PROBE_TEXT, "it is %s, by TLS",
		    tls->talk.found.name);
	else if (tls->shaken && tls->subject[0] != '\0')
		snprintf(text_r, PROBE_TEXT, "it is a TLS server (%.200s)",
		    tls->subject);
	else if (tls->is_tls || plain->found.is == RECOGNISED_TLS)
		strcpy(text_r, "it is a TLS server");
	else if (plain->closed)
		strcpy(text_r, "it closes connections and says nothing");
	else
		strcpy(text_r, "it takes connections and says nothing");
}

static enum status
judge(const struct probe *probe, char *text_r, size_t size)
{
	const struct probe_talk *talk = best(probe);
	const char *target = probe->target;
	char what[PROBE_TEXT];

	if (probe->no_host != 0) {
		snprintf(text_r, size, "%s: no such host: %s", target,
		    gai_strerror(probe->no_host));
		return STATUS_UNREACHED;
	}
	if (is_vcrp(talk)) {
		snprintf(text_r, size, talk->found.is == RECOGNISED_VCRP ?
		    "%s speaks VCRP %s%s%s" :
		    "%s speaks VCRP%s%s, but not with us: %s", target,
		    talk->found.version,
		    talk != &probe->plain ? ", by TLS alone" : "",
		    talk->found.name);
		return STATUS_DONE;
	}
	if (probe->plain.error == 0)
		describe(probe, what);
	else
		snprintf(what, sizeof(what), "nothing answers there: %s",
		    strerror(probe->plain.error));
	if (probe->udp.answered) {
		snprintf(text_r, size, "%s speaks VCRP by UDP alone; by TCP "
		    "%s", target, what);
		return STATUS_UDP_ALONE;
	}
	snprintf(text_r, size, probe->plain.error == 0 ?
	    "%s is not VCRP: %s" : "%s: %s", target, what);
	return probe->plain.error == 0 ? STATUS_REFUSED : STATUS_UNREACHED;
}

static void
line(const char *name, const char *text)
{
	if (text[0] != '\0')
		printf("%-12s %s\n", name, text);
}

static void
show_talk(const struct probe_talk *talk)
{
	line("server", talk->found.server);
	line("software", talk->found.software);
	line("features", talk->found.features);
}

static void
show_tls(const struct probe *probe)
{
	const struct probe_tls *tls = &probe->tls;

	if (!tls->shaken) {
		printf("%-12s no: %s\n", "TLS", tls->why);
		return;
	}
	printf("%-12s %s, %s, %s, in %.1f ms\n", "TLS", tls->version,
	    tls->cipher, tls->alpn ? "ALPN vcrp" : "no ALPN",
	    ms(tls->shake));
	line("certificate", tls->subject);
	line("issued by", tls->issuer);
	line("names", tls->names);
	printf("%-12s %s to %s\n", "valid", tls->from, tls->until);
	line("fingerprint", tls->fingerprint);
	printf("%-12s %s%s\n", "verified", tls->doubt[0] != '\0' ? "no: " :
	    "yes", tls->doubt);
	if (is_vcrp(&tls->talk) && best(probe) != &tls->talk)
		line("with TLS", tls->talk.found.is == RECOGNISED_VCRP ?
		    tls->talk.found.features : tls->talk.found.name);
	else if (!is_vcrp(&tls->talk))
		line("with TLS", tls->talk.found.name[0] != '\0' ?
		    tls->talk.found.name : "nothing is said");
}

static void
show_udp(const struct probe *probe)
{
	const struct probe_udp *udp = &probe->udp;

	if (udp->answered)
		printf("%-12s %s, %s, connections: %" PRIu64 ", rooms: %"
		    PRIu64 ", answered in %.1f ms\n", "UDP",
		    udp->finding.server, udp->finding.software,
		    udp->finding.connections, udp->finding.rooms,
		    ms(udp->answer));
	else
		line("UDP", udp->unreachable ? "nothing has the port" :
		    "no answer");
}

static void
show(const struct probe *probe, const char *verdict)
{
	const struct probe_talk *talk = best(probe);

	printf("%s\n", verdict);
	if (probe->no_host != 0)
		return;
	if (is_vcrp(talk))
		show_talk(talk);
	if (probe->plain.error == 0) {
		printf("%-12s %s, connected in %.1f ms", "address",
		    probe->plain.address, ms(probe->plain.connect));
		if (probe->plain.answer >= 0)
			printf(", answered in %.1f ms",
			    ms(probe->plain.answer));
		putchar('\n');
		show_tls(probe);
	}
	line("not at", probe->plain.failed);
	show_udp(probe);
}

/* A member of an object, behind another. */
static void
put(const char *key, const char *text)
{
	printf(",\"%s\":", key);
	if (text[0] != '\0')
		json_string(stdout, text);
	else
		fputs("null", stdout);
}

static void
put_flag(const char *key, bool value)
{
	printf(",\"%s\":%s", key, value ? "true" : "false");
}

static void
put_time(const char *key, int64_t us)
{
	if (us >= 0)
		printf(",\"%s\":%.3f", key, ms(us));
	else
		printf(",\"%s\":null", key);
}

/* What came of a connection: `vcrp` is the version, null if it is not. */
static void
put_talk(const struct probe_talk *talk)
{
	const struct recognition *found = &talk->found;
	bool greeted = found->is == RECOGNISED_VCRP;

	put("vcrp", greeted ? found->version : "");
	put("refused", found->is == RECOGNISED_REFUSAL ? found->name : "");
	put("other", found->is == RECOGNISED_OTHER ? found->name : "");
	if (greeted) {
		put("server", found->server);
		put("software", found->software);
		fputs(",\"features\":", stdout);
		json_list(stdout, found->features);
	}
	put_flag("closed", talk->closed);
	put_time("answer_ms", talk->answer);
}

static void
put_tls(const struct probe_tls *tls)
{
	printf(",\"tls\":{\"handshake\":%s",
	    tls->shaken ? "true" : "false");
	put_flag("tls", tls->is_tls);
	put("error", tls->why);
	if (tls->shaken) {
		put_time("handshake_ms", tls->shake);
		put_flag("alpn", tls->alpn);
		put("version", tls->version);
		put("cipher", tls->cipher);
		put("subject", tls->subject);
		put("issuer", tls->issuer);
		fputs(",\"names\":", stdout);
		json_list(stdout, tls->names);
		put("not_before", tls->from);
		put("not_after", tls->until);
		put("fingerprint", tls->fingerprint);
		put_flag("verified", tls->doubt[0] == '\0');
		put("doubt", tls->doubt);
		put_talk(&tls->talk);
	}
	putchar('}');
}

static void
put_udp(const struct probe_udp *udp)
{
	printf(",\"udp\":{\"answered\":%s", udp->answered ? "true" : "false");
	put_flag("unreachable", udp->unreachable);
	if (udp->answered) {
		put("address", udp->address);
		put("server", udp->finding.server);
		put("software", udp->finding.software);
		fputs(",\"features\":", stdout);
		json_list(stdout, udp->finding.features);
		printf(",\"connections\":%" PRIu64 ",\"rooms\":%" PRIu64,
		    udp->finding.connections, udp->finding.rooms);
		put_time("answer_ms", udp->answer);
	}
	putchar('}');
}

static void
show_json(const struct probe *probe, const char *verdict, enum status status)
{
	printf("{\"status\":%d", status);
	put("target", probe->target);
	put("verdict", verdict);
	if (probe->no_host == 0) {
		printf(",\"tcp\":{\"connected\":%s",
		    probe->plain.error == 0 ? "true" : "false");
		if (probe->plain.error == 0) {
			put("address", probe->plain.address);
			put_time("connect_ms", probe->plain.connect);
			put_talk(&probe->plain);
		}
		put("failed", probe->plain.failed);
		putchar('}');
		put_tls(&probe->tls);
		put_udp(&probe->udp);
	}
	printf("}\n");
}

enum status
probe_show(const struct probe *probe, bool json)
{
	char verdict[3 * PROBE_TEXT + CLIENT_ADDRESS_SIZE];
	enum status status = judge(probe, verdict, sizeof(verdict));

	if (json)
		show_json(probe, verdict, status);
	else
		show(probe, verdict);
	return status;
}
