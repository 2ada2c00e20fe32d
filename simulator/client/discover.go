package client

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"rehearse/reports/journal"
)

// autodiscoverType is what the client accepts, [MS-OCDISCWS].
const autodiscoverType = "application/vnd.microsoft.rtc.autodiscover+xml;v=1"

// autodiscover is the document of every step of autodiscovery: Root is the first
// one's, User the last one's.
type autodiscover struct {
	XMLName        xml.Name `xml:"AutodiscoverResponse"`
	AccessLocation string   `xml:"AccessLocation,attr"`
	Root           struct {
		Links []autodiscoverLink `xml:"Link"`
	}
	User struct {
		Internal sipAccess `xml:"SipClientInternalAccess"`
		External sipAccess `xml:"SipClientExternalAccess"`
	}
}

type autodiscoverLink struct {
	Token string `xml:"token,attr"`
	Href  string `xml:"href,attr"`
}

type sipAccess struct {
	FQDN string `xml:"fqdn,attr"`
	Port string `xml:"port,attr"`
}

func (a sipAccess) target() []string {
	if a.FQDN == "" {
		return nil
	}
	return []string{joinHost(a.FQDN, a.Port)}
}

// servers are where the document sends a client. One that is outside goes to the
// external access first.
func (d autodiscover) servers() []string {
	inside, outside := d.User.Internal.target(), d.User.External.target()
	if d.AccessLocation == "External" || d.AccessLocation == "external" {
		return append(outside, inside...)
	}
	return append(inside, outside...)
}

// next is the step that the document leads to.
func (d autodiscover) next() string {
	for _, token := range []string{"Redirect", "User"} {
		for _, l := range d.Root.Links {
			if l.Token == token {
				return l.Href
			}
		}
	}
	return ""
}

// discover finds the "host:port" list of SIP servers to try, in the order of the
// desktop clients since 2013: autodiscovery over HTTP and HTTPS at once, at
// lyncdiscoverinternal and then at lyncdiscover; service records; well-known
// names. What comes later is asked for only when what came before gave nothing.
//
// Only TLS is looked for: the records for SIP over TCP are left out.
func (w *walk) discover() ([]string, *stop) {
	w.reach("", journal.StageResolve)
	var worst *stop
	var hosts []string
	if w.conf.Profile.Discovery == ByAutodiscover {
		hosts = []string{"lyncdiscoverinternal", "lyncdiscover"}
	}
	for _, name := range hosts {
		found, s := w.autodiscover(name + "." + w.conf.Domain)
		if s == nil {
			return found, nil
		}
		worst = further(worst, s)
	}
	if found := w.records("_sipinternaltls._tcp", "_sip._tls"); len(found) > 0 {
		return found, nil
	}
	if found := w.wellKnown(); len(found) > 0 {
		return found, nil
	}
	return nil, w.undiscovered(worst)
}

// undiscovered is a discovery without a result, as far as it came.
func (w *walk) undiscovered(worst *stop) *stop {
	if worst == nil || worst.stage.Rank() < journal.StageConnect.Rank() {
		return w.refuse(codeNoServer, "")
	}
	w.reach("", journal.StageDiscover)
	return &stop{stage: journal.StageDiscover, result: worst.result, code: worst.code, note: worst.note}
}

// further is the stop that came further; the first of equals.
func further(a, b *stop) *stop {
	if a == nil || (b != nil && b.stage.Rank() > a.stage.Rank()) {
		return b
	}
	return a
}

// autodiscover asks one host by HTTP and by HTTPS, the latter a little later, and
// takes the first answer that leads to a server.
func (w *walk) autodiscover(host string) ([]string, *stop) {
	type result struct {
		found []string
		stop  *stop
	}
	ctx, cancel := context.WithCancel(w.ctx)
	results := make(chan result, 2)
	for i, scheme := range []string{"http", "https"} {
		go func() {
			errand := w.errand(ctx)
			errand.reach("", journal.StageResolve)
			if err := errand.pause(time.Duration(i) * think); err != nil {
				results <- result{stop: errand.fail(err)}
				return
			}
			u := &url.URL{Scheme: scheme, Host: host, Path: "/", RawQuery: "sipuri=" + url.QueryEscape("sip:"+w.conf.User)}
			found, err := errand.follow(u)
			if err != nil {
				results <- result{stop: errand.fail(err)}
				return
			}
			results <- result{found: found}
		}()
	}
	first := <-results
	if first.stop == nil {
		cancel()
	}
	second := <-results
	cancel()
	switch {
	case first.stop == nil:
		return first.found, nil
	case second.stop == nil:
		return second.found, nil
	}
	return nil, further(first.stop, second.stop)
}

// follow walks from document to document until one names servers.
func (w *walk) follow(u *url.URL) ([]string, error) {
	const hops = 5
	for range hops {
		header := http.Header{"Accept": {autodiscoverType}}
		p, err := w.get(u, header)
		if err == nil && p.StatusCode == http.StatusUnauthorized {
			p, err = w.withTicket(p, u, header)
		}
		if err != nil {
			return nil, err
		}
		if p.StatusCode != http.StatusOK {
			return nil, w.refuse(bodyCode(p.body, p.StatusCode), u.Hostname())
		}
		var doc autodiscover
		if err := xml.Unmarshal(p.body, &doc); err != nil {
			return nil, w.abort(codeProtocol, "no autodiscover document at "+u.Hostname())
		}
		if found := doc.servers(); len(found) > 0 {
			return found, nil
		}
		if u, err = url.Parse(doc.next()); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, w.abort(codeProtocol, "autodiscover document without a way on")
		}
	}
	return nil, w.abort(codeProtocol, fmt.Sprintf("more than %d autodiscover documents", hops))
}

// records looks up service records until one exists.
func (w *walk) records(services ...string) []string {
	for _, service := range services {
		name := service + "." + w.conf.Domain
		ctx, cancel := context.WithTimeout(w.ctx, connectLimit)
		found, err := w.conf.Host.ResolveSRV(ctx, name)
		cancel()
		seen := journal.NameResolved{Name: name, Type: "SRV"}
		if err != nil {
			_, seen.Err = classify(err)
		}
		for _, r := range found {
			seen.Addrs = append(seen.Addrs, net.JoinHostPort(r.Target, strconv.Itoa(int(r.Port))))
		}
		w.record("", seen)
		if len(seen.Addrs) > 0 {
			return seen.Addrs
		}
	}
	return nil
}

// wellKnown are those of the names that clients fall back on which exist.
func (w *walk) wellKnown() []string {
	var found []string
	for _, target := range []string{"sipinternal.%s:5061", "sipexternal.%s:443", "sip.%s:443", "%s:5061"} {
		target = fmt.Sprintf(target, w.conf.Domain)
		if _, err := w.resolve(target); err == nil {
			found = append(found, target)
		}
	}
	return found
}

// pause waits on the walk's clock.
func (w *walk) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}
