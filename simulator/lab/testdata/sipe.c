/* Signs in with pidgin-sipe, a Skype for Business client made elsewhere, joins a
 * conference if one is named, says something there, and leaves. What happens is
 * printed, a line each:
 *
 *   signed-on | joined | user ADDRESS | message ADDRESS: TEXT | audio connected |
 *   audio heard | signed-off | error WHAT
 *
 * Usage: sipe USER PASSWORD HOST:PORT ROOT.pem [auth=SCHEME] [proxy=HOST:PORT] [meeting=URI]
 *             [to=ADDRESS] [answer] [say=TEXT] [wait] [hear=N] [audio] [debug]
 *
 * The text is said in the conference, to a user, or with answer to the first who
 * writes.
 *
 * With wait it says it once somebody else is there, with hear=N it leaves once N
 * messages of others have come; else both at once. Every host name is taken to be
 * at 127.0.0.1, or with names=NAME=ADDRESS,... only those exist. With "-" in place of
 * HOST:PORT it finds the server by itself. auth is ntlm, or tls-dsk.
 *
 * With audio, which has to be compiled in by -DAUDIO and needs GStreamer, it calls the
 * conference, sends a tone, and leaves once the tone has come back.
 *
 * Two functions of libraries are interposed; link with -rdynamic. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmodule.h>
#include <libxml/parser.h>
#include <purple.h>

#ifdef AUDIO
#include <gst/gst.h>
#include <media-gst.h>
#include <mediamanager.h>
#endif

static GMainLoop *loop;
static char **names; /* NAME=ADDRESS */
static const char *scheme = "ntlm";
static const char *meeting, *to, *say;
static int hear, heard, status = 1;
static gboolean answer, leaving, waiting, debug;
static PurpleAccount *account;

static void tell(const char *format, ...) {
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* The estate's names are known to nobody but its own DNS server. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	for (char **n = names; node && n && *n; n++) {
		size_t length = strlen(node);
		if (!g_ascii_strncasecmp(*n, node, length) && (*n)[length] == '=')
			return next(*n + length + 1, service, hints, out);
	}
	if (node && names && strcmp(node, "localhost") && !g_hostname_is_ip_address(node))
		return EAI_NONAME;
	return next(node && !names ? "127.0.0.1" : node, service, hints, out);
}

/* pidgin-sipe marks its SAX1 handler as SAX2 without giving SAX2 callbacks; with
 * libxml2 2.9.14+dfsg-1.3~deb12u5 and later no callback is then made at all, and
 * every document is empty. */
int xmlSAXUserParseMemory(xmlSAXHandlerPtr sax, void *user, const char *text, int size) {
	int (*next)(xmlSAXHandlerPtr, void *, const char *, int) = dlsym(RTLD_NEXT, "xmlSAXUserParseMemory");
	xmlSAXHandler copy = *sax;
	if (!copy.startElementNs && !copy.endElementNs)
		copy.initialized = 1;
	return next(&copy, user, text, size);
}

/* The event loop of libpurple on that of GLib. */
struct watch {
	PurpleInputFunction function;
	gpointer data;
};

static gboolean ready(GIOChannel *source, GIOCondition condition, gpointer data) {
	struct watch *w = data;
	PurpleInputCondition c = 0;
	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		c |= PURPLE_INPUT_READ;
	if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
		c |= PURPLE_INPUT_WRITE;
	w->function(w->data, g_io_channel_unix_get_fd(source), c);
	return TRUE;
}

static guint input_add(gint fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data) {
	struct watch *w = g_new(struct watch, 1);
	GIOCondition c = G_IO_HUP | G_IO_ERR | G_IO_NVAL;
	if (condition & PURPLE_INPUT_READ)
		c |= G_IO_IN;
	if (condition & PURPLE_INPUT_WRITE)
		c |= G_IO_OUT;
	w->function = function;
	w->data = data;
	GIOChannel *channel = g_io_channel_unix_new(fd);
	guint id = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, c, ready, w, g_free);
	g_io_channel_unref(channel);
	return id;
}

static PurpleEventLoopUiOps event_loop = {
	.timeout_add = g_timeout_add,
	.timeout_remove = g_source_remove,
	.input_add = input_add,
	.input_remove = g_source_remove,
	.timeout_add_seconds = g_timeout_add_seconds,
};

static gboolean quit(gpointer data) {
	g_main_loop_quit(loop);
	return FALSE;
}

static gboolean give_up(gpointer data) {
	tell("error nothing more happened");
	return quit(data);
}

static gboolean sign_off(gpointer data) {
	purple_account_set_enabled(account, "judge", FALSE);
	return FALSE;
}

static void leave(void) {
	if (leaving)
		return;
	leaving = TRUE;
	for (GList *l = purple_get_conversations(); l; l = purple_get_conversations())
		purple_conversation_destroy(l->data);
	g_timeout_add(200, sign_off, NULL);
}

static gboolean join(gpointer data) {
	PurpleConnection *gc = data;
	void (*create)(void *, const gchar *, const gchar *, const gchar *) = NULL;
	PurplePlugin *plugin = purple_connection_get_prpl(gc);
	if (!g_module_symbol(plugin->handle, "sipe_core_conf_create", (gpointer *)&create)) {
		tell("error no conferences in this build");
		return quit(NULL);
	}
	create(purple_connection_get_protocol_data(gc), meeting, NULL, NULL);
	return FALSE;
}

static gboolean write_to(gpointer data) {
	PurpleConversation *conv = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, to);
	purple_conv_im_send(purple_conversation_get_im_data(conv), say);
	if (!hear)
		g_timeout_add(500, (GSourceFunc)leave, NULL);
	return FALSE;
}

static void signed_on(PurpleConnection *gc, gpointer data) {
	tell("signed-on");
	status = 0;
	if (meeting)
		g_timeout_add(500, join, gc); /* after provisioning */
	else if (to)
		g_timeout_add(500, write_to, NULL);
	else if (!hear)
		g_timeout_add(500, sign_off, NULL);
}

static void signed_off(PurpleConnection *gc, gpointer data) {
	tell("signed-off");
	quit(NULL);
}

static void connection_error(PurpleConnection *gc, PurpleConnectionError kind, const gchar *text, gpointer data) {
	tell("error %s", text);
	status = 1;
	quit(NULL);
}

#ifdef AUDIO
static gboolean audio;

static gboolean tell_heard(gpointer data) {
	tell("audio heard");
	leave();
	return FALSE;
}

/* What comes back is heard, unless it is silence. */
static void hear_sound(GstElement *ear, GstBuffer *buffer, GstPad *pad, gpointer data) {
	static int loud;
	GstMapInfo map;
	gboolean sound = FALSE;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return;
	for (gsize i = 0; i < map.size; i++)
		sound |= map.data[i] != 0;
	gst_buffer_unmap(buffer, &map);
	if (sound && ++loud == 20)
		g_idle_add(tell_heard, NULL);
}

static GstElement *tone(PurpleMediaElementInfo *info, PurpleMedia *media, const gchar *session, const gchar *participant) {
	GstElement *e = gst_element_factory_make("audiotestsrc", NULL);
	g_object_set(e, "is-live", TRUE, "do-timestamp", TRUE, NULL);
	return e;
}

static GstElement *ear(PurpleMediaElementInfo *info, PurpleMedia *media, const gchar *session, const gchar *participant) {
	GstElement *e = gst_element_factory_make("fakesink", NULL);
	g_object_set(e, "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, NULL);
	g_signal_connect(e, "handoff", G_CALLBACK(hear_sound), NULL);
	return e;
}

static void state_changed(PurpleMedia *media, PurpleMediaState state, gchar *session, gchar *name, gpointer data) {
	static gboolean told;
	if (state == PURPLE_MEDIA_STATE_CONNECTED && session && name && !told)
		tell("audio connected");
	told |= state == PURPLE_MEDIA_STATE_CONNECTED && session && name;
}

static gboolean init_media(PurpleMediaManager *m, PurpleMedia *media, PurpleAccount *a, gchar *name, gpointer data) {
	g_signal_connect(media, "state-changed", G_CALLBACK(state_changed), NULL);
	return TRUE;
}

static void make_audio(void) {
	PurpleMediaManager *m = purple_media_manager_get();
	purple_media_manager_set_ui_caps(m, PURPLE_MEDIA_CAPS_AUDIO | PURPLE_MEDIA_CAPS_AUDIO_SINGLE_DIRECTION);
	purple_media_manager_set_active_element(m, g_object_new(PURPLE_TYPE_MEDIA_ELEMENT_INFO, "id", "tone", "name", "tone", "type",
		PURPLE_MEDIA_ELEMENT_AUDIO | PURPLE_MEDIA_ELEMENT_SRC | PURPLE_MEDIA_ELEMENT_ONE_SRC | PURPLE_MEDIA_ELEMENT_UNIQUE, "create-cb", tone, NULL));
	purple_media_manager_set_active_element(m, g_object_new(PURPLE_TYPE_MEDIA_ELEMENT_INFO, "id", "ear", "name", "ear", "type",
		PURPLE_MEDIA_ELEMENT_AUDIO | PURPLE_MEDIA_ELEMENT_SINK | PURPLE_MEDIA_ELEMENT_ONE_SINK, "create-cb", ear, NULL));
	g_signal_connect(m, "init-media", G_CALLBACK(init_media), NULL);
}

static gboolean call(gpointer conv) {
	void (*connect)(void *, void *, gboolean) = NULL;
	void *(*session)(PurpleConversation *) = NULL;
	PurpleConnection *gc = purple_account_get_connection(account);
	GModule *module = purple_connection_get_prpl(gc)->handle;
	if (!g_module_symbol(module, "sipe_core_media_connect_conference", (gpointer *)&connect) ||
	    !g_module_symbol(module, "sipe_purple_chat_get_session", (gpointer *)&session)) {
		tell("error no audio in this build");
		return quit(NULL);
	}
	connect(purple_connection_get_protocol_data(gc), session(conv), FALSE);
	return FALSE;
}
#endif

static gboolean speak(gpointer conv) {
	if (say)
		purple_conv_chat_send(purple_conversation_get_chat_data(conv), say);
	if (!hear)
		g_timeout_add(500, (GSourceFunc)leave, NULL);
	return FALSE;
}

static void joined(PurpleConversation *conv, gpointer data) {
	tell("joined");
#ifdef AUDIO
	if (audio) {
		g_timeout_add(500, call, conv);
		return;
	}
#endif
	if (!waiting)
		g_timeout_add(500, speak, conv);
}

static gboolean self(const char *name) {
	return g_str_has_suffix(name, purple_account_get_username(account));
}

static void user_joined(PurpleConversation *conv, const char *name, PurpleConvChatBuddyFlags flags, gboolean arrival, gpointer data) {
	tell("user %s", name);
	if (waiting && !self(name)) {
		waiting = FALSE;
		g_timeout_add(500, speak, conv);
	}
}

static void message(PurpleAccount *a, char *sender, char *text, PurpleConversation *conv, PurpleMessageFlags flags, gpointer data) {
	char *plain = purple_markup_strip_html(text);
	tell("message %s: %s", sender, plain);
	g_free(plain);
	if (answer && !to) { /* say it back to who wrote */
		to = g_strdup(sender);
		g_timeout_add(500, write_to, NULL);
	}
	if (!self(sender) && ++heard == hear)
		g_timeout_add(1000, (GSourceFunc)leave, NULL);
}

static void *notify(PurpleNotifyMsgType type, const char *title, const char *primary, const char *secondary) {
	tell("notice %s: %s", primary ? primary : "", secondary ? secondary : "");
	return NULL;
}

/* A question is a certificate that is not trusted: the answer is no. */
static void *question(const char *title, const char *primary, const char *secondary, int fallback, PurpleAccount *a, const char *who,
                      PurpleConversation *conv, void *data, size_t count, va_list actions) {
	tell("question %s", primary ? primary : "");
	for (size_t i = 0; i < count; i++) {
		const char *text = va_arg(actions, const char *);
		GCallback answer = va_arg(actions, GCallback);
		if (answer && strstr(text, "eject"))
			((PurpleRequestActionCb)answer)(data, i);
	}
	return NULL;
}

static void log_line(PurpleDebugLevel level, const char *category, const char *text) {
	fprintf(stderr, "%s: %s", category ? category : "", text);
}

static gboolean logs(PurpleDebugLevel level, const char *category) { return debug; }

static void trust(const char *file) {
	PurpleCertificateScheme *x509 = purple_certificate_find_scheme("x509");
	PurpleCertificatePool *pool = purple_certificate_find_pool("x509", "ca");
	PurpleCertificate *root = purple_certificate_import(x509, file);
	if (!root || !purple_certificate_pool_store(pool, "judge", root))
		tell("error root certificate %s", file);
}

static void hook(void) {
	static int handle;
	void *connections = purple_connections_get_handle(), *conversations = purple_conversations_get_handle();
	purple_signal_connect(connections, "signed-on", &handle, PURPLE_CALLBACK(signed_on), NULL);
	purple_signal_connect(connections, "signed-off", &handle, PURPLE_CALLBACK(signed_off), NULL);
	purple_signal_connect(connections, "connection-error", &handle, PURPLE_CALLBACK(connection_error), NULL);
	purple_signal_connect(conversations, "chat-joined", &handle, PURPLE_CALLBACK(joined), NULL);
	purple_signal_connect(conversations, "chat-buddy-joined", &handle, PURPLE_CALLBACK(user_joined), NULL);
	purple_signal_connect(conversations, "received-im-msg", &handle, PURPLE_CALLBACK(message), NULL);
	purple_signal_connect(conversations, "received-chat-msg", &handle, PURPLE_CALLBACK(message), NULL);
}

static void make_account(char **argv) {
	account = purple_account_new(argv[1], "prpl-sipe");
	purple_account_set_password(account, argv[2]);
	if (strcmp(argv[3], "-"))
		purple_account_set_string(account, "server", argv[3]);
	purple_account_set_string(account, "transport", "tls");
	purple_account_set_string(account, "authentication", scheme);
}

static void set_proxy(const char *at) {
	PurpleProxyInfo *proxy = purple_proxy_info_new();
	const char *colon = strrchr(at, ':');
	char *host = g_strndup(at, colon - at);
	purple_proxy_info_set_type(proxy, PURPLE_PROXY_HTTP);
	purple_proxy_info_set_host(proxy, host);
	purple_proxy_info_set_port(proxy, atoi(colon + 1));
	purple_account_set_proxy_info(account, proxy);
	g_free(host);
}

int main(int argc, char **argv) {
	static PurpleNotifyUiOps notices = {.notify_message = notify};
	static PurpleRequestUiOps questions = {.request_action = question};
	static PurpleDebugUiOps debugging = {.print = log_line, .is_enabled = logs};
	const char *proxy = NULL;
	if (argc < 5)
		return 2;
	for (int i = 5; i < argc; i++) {
		if (!strncmp(argv[i], "proxy=", 6))
			proxy = argv[i] + 6;
		else if (!strncmp(argv[i], "meeting=", 8))
			meeting = argv[i] + 8;
		else if (!strncmp(argv[i], "to=", 3))
			to = argv[i] + 3;
		else if (!strcmp(argv[i], "answer"))
			answer = TRUE;
		else if (!strncmp(argv[i], "names=", 6))
			names = g_strsplit(argv[i] + 6, ",", 0);
		else if (!strncmp(argv[i], "auth=", 5))
			scheme = argv[i] + 5;
		else if (!strncmp(argv[i], "say=", 4))
			say = argv[i] + 4;
		else if (!strncmp(argv[i], "hear=", 5))
			hear = atoi(argv[i] + 5);
#ifdef AUDIO
		else if (!strcmp(argv[i], "audio"))
			audio = TRUE;
#endif
		else if (!strcmp(argv[i], "wait"))
			waiting = TRUE;
		else
			debug = TRUE;
	}
	loop = g_main_loop_new(NULL, FALSE);
	char *home = g_dir_make_tmp(NULL, NULL);
	purple_util_set_user_dir(home);
	purple_debug_set_ui_ops(&debugging);
	purple_debug_set_unsafe(debug);
	purple_eventloop_set_ui_ops(&event_loop);
	purple_notify_set_ui_ops(&notices);
	purple_request_set_ui_ops(&questions);
	if (!purple_core_init("judge")) {
		tell("error libpurple does not start");
		return 1;
	}
	if (!purple_find_prpl("prpl-sipe")) {
		tell("error pidgin-sipe is not installed");
		return 3;
	}
	purple_set_blist(purple_blist_new());
	trust(argv[4]);
#ifdef AUDIO
	make_audio();
#endif
	hook();
	make_account(argv);
	if (proxy)
		set_proxy(proxy);
	purple_accounts_add(account);
	purple_account_set_enabled(account, "judge", TRUE);
	purple_savedstatus_activate(purple_savedstatus_new(NULL, PURPLE_STATUS_AVAILABLE));
	g_timeout_add_seconds(45, give_up, NULL);
	g_main_loop_run(loop);
	purple_core_quit();
	return status;
}
