/* Gathers relay candidates as a Skype for Business client does, with libnice in
 * its OC2007R2 dialect over pseudo-TLS, and prints them.
 * Usage: nice ADDRESS PORT USER PASSWORD [SECONDS]
 * (user and password in base64, as MRAS gives them out; it gives up after the seconds) */
#include <nice/agent.h>
#include <stdio.h>
#include <stdlib.h>

static GMainLoop *loop;

static void ignore(NiceAgent *agent, guint stream, guint component, guint len, gchar *buf, gpointer data) {}

static void gathered(NiceAgent *agent, guint stream, gpointer data) {
	GSList *all = nice_agent_get_local_candidates(agent, stream, 1);
	for (GSList *i = all; i; i = i->next) {
		NiceCandidate *c = i->data;
		gchar addr[NICE_ADDRESS_STRING_LEN];
		if (c->type != NICE_CANDIDATE_TYPE_RELAYED)
			continue;
		nice_address_to_string(&c->addr, addr);
		printf("relay %s %u\n", addr, nice_address_get_port(&c->addr));
	}
	g_main_loop_quit(loop);
}

static gboolean give_up(gpointer data) {
	printf("none\n");
	g_main_loop_quit(loop);
	return FALSE;
}

int main(int argc, char **argv) {
	if (argc < 5)
		return 2;
	NiceAddress local;
	loop = g_main_loop_new(NULL, FALSE);
	NiceAgent *agent = nice_agent_new(NULL, NICE_COMPATIBILITY_OC2007R2);
	g_object_set(agent, "ice-tcp", TRUE, "upnp", FALSE, NULL);
	nice_address_init(&local);
	nice_address_set_from_string(&local, "127.0.0.1");
	nice_agent_add_local_address(agent, &local);
	g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(gathered), NULL);
	guint stream = nice_agent_add_stream(agent, 1);
	nice_agent_set_relay_info(agent, stream, 1, argv[1], atoi(argv[2]), argv[3], argv[4], NICE_RELAY_TYPE_TURN_TLS);
	nice_agent_attach_recv(agent, stream, 1, NULL, ignore, NULL);
	if (!nice_agent_gather_candidates(agent, stream))
		return 1;
	g_timeout_add_seconds(argc > 5 ? atoi(argv[5]) : 30, give_up, NULL);
	g_main_loop_run(loop);
	g_object_unref(agent);
	return 0;
}
