package client

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
	"rehearse/simulator/sipauth"
)

func (SignIn) take(w *walk) end {
	SignOut{}.take(w.errand(w.ctx))
	s, stopped := w.signIn()
	if stopped != nil {
		return end{stop: stopped}
	}
	w.present(s)
	w.reach(s.flow.name, journal.StageDone)
	return end{}
}

// signIn finds a server, registers there and subscribes. Servers are tried in
// order; when none takes the client, the stop is that of the one where it came
// furthest.
func (w *walk) signIn() (*session, *stop) {
	targets := []string{w.conf.Server}
	if w.conf.Server == "" {
		if w.conf.Profile.Discovery == NoDiscovery {
			w.reach("", journal.StageResolve)
			return nil, w.refuse(codeNoServer, "profile "+w.conf.Profile.Name+" discovers none")
		}
		var s *stop
		if targets, s = w.discover(); s != nil {
			return nil, s
		}
	}
	var worst *stop
	for _, target := range targets {
		s, err := w.signInAt(target)
		if err == nil {
			return s, nil
		}
		worst = further(worst, w.fail(err))
	}
	return nil, worst
}

// signInAt signs in at one server, or at the one that it redirects to.
func (w *walk) signInAt(target string) (*session, error) {
	const redirects = 3
	for range redirects {
		s, err := w.callServer(target)
		if err != nil {
			return nil, err
		}
		to, err := w.registerAt(s)
		if err == nil && to == "" {
			if err = w.subscribe(s); err == nil {
				return s, nil
			}
		}
		s.close()
		if err != nil {
			return nil, w.fail(err)
		}
		target = to
	}
	return nil, w.refuse("sip_301", fmt.Sprintf("more than %d redirections", redirects))
}

// callServer makes the TLS connection for SIP.
func (w *walk) callServer(target string) (*session, error) {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		w.reach("", journal.StageResolve)
		return nil, w.abort(codeAddress, target)
	}
	f, err := w.open(target)
	if err != nil {
		return nil, err
	}
	conn, err := w.secure(f, host)
	if err != nil {
		return nil, err
	}
	return newSession(w, f, conn), nil
}

// registerAt registers and answers the challenges, [MS-SIPAE]: three REGISTERs for
// NTLM, of which the last is signed already. It gives the server that this one
// redirects to.
func (w *walk) registerAt(s *session) (redirect string, err error) {
	w.reach(s.flow.name, journal.StageRegister)
	const rounds = 3
	for range rounds {
		res, err := s.ask(w, s.registration(""))
		if err != nil {
			return "", err
		}
		switch {
		case res.StatusCode == 200:
			s.registered(res)
			return "", nil
		case res.StatusCode == 301 || res.StatusCode == 302:
			return redirected(w, res)
		case res.StatusCode != 401 && res.StatusCode != 407:
			return "", w.sipRefusal(res)
		case s.auth.Ready():
			return "", w.refuse("sip_401", "the user name or password is wrong")
		}
		if err := w.challenged(s, res); err != nil {
			return "", err
		}
	}
	return "", w.refuse("sip_401", "challenged again and again")
}

// registration is a REGISTER request; expires "0" ends the registration.
func (s *session) registration(expires string) *request {
	return &request{dialog: s.register, method: "REGISTER", expires: expires, lines: []string{
		"Supported: gruu-10, adhoclist, msrtc-event-categories, com.microsoft.msrtc.presence",
		"Event: registration", "Allow-Events: presence", "ms-keep-alive: UAC;hop-hop=yes",
	}}
}

// registered takes what the server granted.
func (s *session) registered(res *sip.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires = seconds(header(res, "Expires"), 7200)
	for _, h := range res.GetHeaders("Contact") {
		if s.expires == 0 {
			s.expires = seconds(param(h.Value(), "expires"), 7200)
		}
		if gruu := param(h.Value(), "gruu"); gruu != "" && strings.Contains(h.Value(), s.id.uuid) {
			s.id.contact = "<" + gruu + ">"
		}
	}
	s.skype = s.skype || strings.HasPrefix(header(res, "Server"), "RTC/") || strings.Contains(header(res, "Allow-Events"), "vnd-microsoft-provisioning")
	if v := header(res, "ms-keep-alive"); v != "" {
		s.alive = seconds(param(v, "timeout"), 300)
	}
}

// seconds reads a number of seconds, most when there is none.
func seconds(value string, most int) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n <= 0 || n > most {
		n = most
	}
	return time.Duration(n) * time.Second
}

// challenged answers a 401 with the one scheme that this client has.
func (w *walk) challenged(s *session, res *sip.Response) error {
	var offered []string
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			scheme, _, _ := strings.Cut(h.Value(), " ")
			if !strings.EqualFold(scheme, sipauth.NTLM) {
				offered = append(offered, scheme)
				continue
			}
			s.mu.Lock()
			err := s.auth.Challenge(h.Value())
			s.mu.Unlock()
			if err != nil {
				return w.abort(codeProtocol, err.Error())
			}
			return nil
		}
	}
	return w.abort(codeScheme, "offered: "+strings.Join(offered, ", "))
}

func redirected(w *walk, res *sip.Response) (string, error) {
	uri, _ := address(header(res, "Contact"))
	uri, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(uri, "sips:"), "sip:"), ";")
	if _, host, ok := strings.Cut(uri, "@"); ok {
		uri = host
	}
	if uri == "" {
		return "", w.sipRefusal(res)
	}
	if _, _, err := net.SplitHostPort(uri); err != nil {
		uri = joinHost(uri, "5061")
	}
	return uri, nil
}

// sipRefusal is an answer that ends what was asked for.
func (w *walk) sipRefusal(res *sip.Response) *stop {
	return w.refuse("sip_"+strconv.Itoa(res.StatusCode), diagnostics(res))
}

// identity is who the client is on one connection. The device's ids follow from
// the client's name: the same computer every time.
func (w *walk) identity(f *flow) identity {
	sum := sha1.Sum([]byte(w.actor))
	h := hex.EncodeToString(sum[:])
	id := identity{
		uri: "sip:" + w.conf.User, epid: h[:12], userAgent: w.conf.Profile.UserAgent, local: f.name,
		uuid: fmt.Sprintf("%s-%s-5%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:32]),
	}
	id.contact = fmt.Sprintf("<sip:%s;transport=tls;ms-opaque=%s>;methods=\"INVITE, MESSAGE, INFO, OPTIONS, BYE, CANCEL, NOTIFY, ACK, REFER, BENOTIFY\";proxy=replace;+sip.instance=\"<urn:uuid:%s>\"",
		f.name, h[32:40], id.uuid)
	return id
}
