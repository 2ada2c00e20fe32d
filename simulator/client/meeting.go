package client

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"rehearse/reports/journal"
)

// focus finds the focus URI of a meeting: see Join.Meeting for what an address may
// be. A meeting page is fetched as any page is, beside the step.
func (w *walk) focus(meeting string) (string, error) {
	w.reach("", journal.StageConference)
	if strings.HasPrefix(meeting, "https://") || strings.HasPrefix(meeting, "http://") {
		found, err := w.meetingPage(meeting)
		if err != nil {
			return "", err
		}
		meeting = found
	}
	meeting, _, _ = strings.Cut(strings.TrimPrefix(meeting, "conf:"), "?")
	switch {
	case strings.HasPrefix(meeting, "sip:") && strings.Contains(meeting, ":conf:focus:"):
		return meeting, nil
	case meeting != "" && !strings.ContainsAny(meeting, ":/@; \t"):
		return "sip:" + w.conf.User + ";gruu;opaque=app:conf:focus:id:" + meeting, nil
	}
	return "", w.abort(codeNoMeeting, "")
}

// Where a meeting page names its meeting, in the order in which pidgin-sipe and a
// page of Skype for Business 2015 have it.
var (
	conferenceLink = regexp.MustCompile(`href="(conf[^"]*)"`)
	launchLink     = regexp.MustCompile(`lyncLaunchLink\s*=\s*"(conf[^"]*)"`)
	ownerLink      = regexp.MustCompile(`(?:var |sb-data-)domainOwnerJoinLauncherUrl\s*=\s*"(https?:[^"]+)"`)
)

// meetingPage finds the conf: link on a meeting page, or on the page that it sends
// the client to.
func (w *walk) meetingPage(address string) (string, error) {
	const hops = 3
	for range hops {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return "", w.abort(codeNoMeeting, "")
		}
		p, err := w.errand(w.ctx).get(u, http.Header{"Accept": {"text/html"}})
		if err != nil {
			return "", w.meetingUnreached(err)
		}
		if p.StatusCode != http.StatusOK {
			return "", w.refuse(bodyCode(p.body, p.StatusCode), "the meeting page")
		}
		if link := linkIn(p.body); link != "" {
			return link, nil
		}
		m := ownerLink.FindSubmatch(p.body)
		if m == nil {
			break
		}
		address = html.UnescapeString(string(m[1]))
	}
	return "", w.abort(codeNoMeeting, "the page names none")
}

// linkIn is the conf: link of a page, "" when it has none.
func linkIn(page []byte) string {
	for _, link := range []*regexp.Regexp{conferenceLink, launchLink} {
		if m := link.FindSubmatch(page); m != nil {
			return unescape(string(m[1]))
		}
	}
	return ""
}

// meetingUnreached puts the failure to get a meeting page at the walk's stage.
func (w *walk) meetingUnreached(err error) *stop {
	s := w.fail(err)
	s.stage = w.stage
	s.note = "the meeting page"
	return s
}

// unescape undoes what a page does to an address, HTML first.
func unescape(link string) string {
	link = html.UnescapeString(link)
	if plain, err := url.PathUnescape(link); err == nil {
		return plain
	}
	return link
}
