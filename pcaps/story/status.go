package story

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"rehearse/pcaps/flow"
	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
)

// OCSP is what was seen of OCSP in clear: over HTTP, and stapled in handshakes.
type OCSP struct {
	Requests     int            `json:"requests"`
	RequestsGET  int            `json:"requests_get"`
	RequestsPOST int            `json:"requests_post"`
	Responses    []OCSPResponse `json:"responses"`
	// CertStatus counts "good", "revoked" and "unknown" in Responses.
	CertStatus map[string]int `json:"cert_status"`
	Stapled    []OCSPResponse `json:"stapled"`
}

// OCSPResponse is one answer. Its signature was not checked.
type OCSPResponse struct {
	Frame  int `json:"frame"`
	Stream int `json:"stream"`
	// Status is "successful", "tryLater" ..., "" where it could not be read.
	Status     string   `json:"response_status"`
	CertStatus []string `json:"cert_status"`
	Stale      bool     `json:"stale,omitempty"` // its next update had passed
	Early      bool     `json:"early,omitempty"` // its time had not come
	Problem    string   `json:"problem,omitempty"`
}

// CRL is what was seen of CRLs fetched in clear.
type CRL struct {
	Requests  int         `json:"requests"`
	Responses int         `json:"responses"`
	URIs      []string    `json:"uris"`
	Answers   []CRLAnswer `json:"answers"`
}

// CRLAnswer is one answer to a request for a CRL. Its signature was not checked.
type CRLAnswer struct {
	Frame      int    `json:"frame"`
	Stream     int    `json:"stream"`
	URI        string `json:"uri"`
	Code       int    `json:"code"` // HTTP status
	Issuer     string `json:"issuer,omitempty"`
	ThisUpdate string `json:"this_update,omitempty"` // RFC 3339
	NextUpdate string `json:"next_update,omitempty"`
	Entries    int    `json:"entries"`
	Problem    string `json:"problem,omitempty"`
}

const (
	typeOCSPRequest  = "application/ocsp-request"
	typeOCSPResponse = "application/ocsp-response"
)

func isOCSP(kind string) bool { return kind == typeOCSPResponse }

// isCRL goes by the content type, or by the name of what was asked for: many
// servers send CRLs as octets.
func isCRL(kind string, r httpRequest) bool {
	return kind == "application/pkix-crl" || kind == "application/x-pkcs7-crl" || asksCRL(r)
}

func asksCRL(r httpRequest) bool {
	target, _, _ := strings.Cut(r.target, "?")
	return strings.EqualFold(path.Ext(target), ".crl")
}

// asks says what status of a certificate a request asks for: "ocsp", "crl", or "".
func (r httpRequest) asks() string {
	switch {
	case r.method == "POST" && strings.HasPrefix(strings.ToLower(r.kind), typeOCSPRequest), r.method == "GET" && encodedRequest(r.target) != "":
		return "ocsp"
	case r.method == "GET" && asksCRL(r):
		return "crl"
	}
	return ""
}

// fetched notes how a fetch ended.
func (h *http) fetched(at flow.Moment, r httpRequest, what, result string) {
	if r.method == "" { // the request was not captured
		h.note(client(h.flow), at, journal.RevocationFetched{What: what, Result: result})
		return
	}
	place := r.full()
	if r.method == "GET" && what == "ocsp" {
		place = strings.TrimSuffix(place, encodedRequest(r.target))
	}
	h.note(client(h.flow), at, journal.RevocationFetched{
		Method: r.method, What: what, URL: place, Result: result, Took: time.Duration(at.At - r.at.At),
	})
}

// statusAsked counts requests for the status of certificates.
func (h *http) statusAsked(r httpRequest) {
	switch r.asks() {
	case "ocsp":
		h.OCSP.Requests++
		if r.method == "POST" {
			h.OCSP.RequestsPOST++
		} else {
			h.OCSP.RequestsGET++
		}
	case "crl":
		h.CRL.Requests++
		keep(&h.CRL.URIs, r.url())
	}
}

// encodedRequest is the end of a path that is an OCSP request (RFC 6960 A.1), with
// its slash, "" where there is none: base64 of a SEQUENCE of a SEQUENCE. In base64 a
// slash may stand, percent-encoded or not.
func encodedRequest(target string) string {
	if _, rest, found := strings.Cut(target, "://"); found {
		_, target, _ = strings.Cut(rest, "/")
		target = "/" + target
	}
	for at := strings.Index(target, "/M"); at >= 0; {
		if text, err := url.PathUnescape(target[at+1:]); err == nil && isOCSPRequest(text) {
			return target[at:]
		}
		next := strings.Index(target[at+1:], "/M")
		if next < 0 {
			return ""
		}
		at += 1 + next
	}
	return ""
}

func isOCSPRequest(text string) bool {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	der, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		der, err = base64.RawURLEncoding.DecodeString(text)
	}
	s := cryptobyte.String(der)
	var body, tbs cryptobyte.String
	return err == nil && s.ReadASN1(&body, cbasn1.SEQUENCE) && s.Empty() && body.ReadASN1(&tbs, cbasn1.SEQUENCE) && len(tbs) > 20
}

// body reads a body that has been gathered, or says why there is none.
func (h *http) body(b *body, at flow.Moment) {
	switch {
	case b == nil || !b.answer:
		return
	case b.page:
		h.exception(b, at)
	case isOCSP(b.kind):
		h.remark(h.ocsp(b, at))
	default:
		h.remark(h.crl(b, at))
	}
	b.drop()
}

// ocsp keeps an OCSP answer and gives its verdict.
func (h *http) ocsp(b *body, at flow.Moment) string {
	r := OCSPResponse{Frame: at.Packet, Stream: h.flow.Number, CertStatus: []string{}}
	if b.cut {
		r.Problem = notWhole
	} else {
		r.read(b.data, at)
	}
	h.fetched(at, b.request, "ocsp", r.result())
	for _, s := range r.CertStatus {
		count(&h.OCSP.CertStatus, s)
	}
	keep(&h.OCSP.Responses, r)
	return r.verdict()
}

// stapled keeps an OCSP answer that came in a handshake.
func (e *Seen) stapled(at flow.Moment, stream int, der []byte) string {
	o := OCSPResponse{Frame: at.Packet, Stream: stream, CertStatus: []string{}}
	o.read(der, at)
	keep(&e.OCSP.Stapled, o)
	return o.verdict()
}

// read takes an answer that came at a moment.
func (r *OCSPResponse) read(der []byte, at flow.Moment) {
	a, err := revocation.ReadAnswer(der)
	r.Status = a.Status
	if err != nil {
		r.Problem = err.Error()
	}
	for _, s := range a.Singles {
		r.CertStatus = append(r.CertStatus, string(s.Verdict))
		r.Stale = r.Stale || past(s.NextUpdate, at)
		r.Early = r.Early || ahead(s.ThisUpdate, at)
	}
}

// past says whether a time had passed at a moment, by the capture's clock.
func past(t time.Time, at flow.Moment) bool {
	return !t.IsZero() && at.At != 0 && t.Before(time.Unix(0, at.At))
}

// ahead says whether a time was still to come at a moment.
func ahead(t time.Time, at flow.Moment) bool {
	return at.At != 0 && t.After(time.Unix(0, at.At))
}

// notWhole is the problem of an answer of which bytes are missing.
const notWhole = "OCSP answer not captured whole"

// result is what the journal says of an answer.
func (r *OCSPResponse) result() string {
	switch {
	case r.Problem == notWhole:
		return "not captured"
	case r.Problem != "":
		return "malformed: " + r.Problem
	case r.Status != "successful":
		return r.Status
	case r.Stale:
		return string(revocation.Stale)
	case r.Early:
		return string(revocation.NotYetValid)
	case slices.Contains(r.CertStatus, string(revocation.Revoked)):
		return string(revocation.Revoked)
	case slices.Contains(r.CertStatus, string(revocation.Unknown)):
		return string(revocation.Unknown)
	}
	return string(revocation.Good)
}

func (r *OCSPResponse) verdict() string {
	switch {
	case r.Problem != "":
		return r.Problem
	case r.Status != "successful":
		return "OCSP " + r.Status
	}
	return "OCSP " + strings.Join(r.CertStatus, ", ")
}

// crl keeps an answer to a request for a CRL and says what it is.
func (h *http) crl(b *body, at flow.Moment) string {
	a := CRLAnswer{Frame: at.Packet, Stream: h.flow.Number, URI: b.request.url(), Code: b.status}
	h.CRL.Responses++
	defer func() { keep(&h.CRL.Answers, a) }()
	switch {
	case b.status != 200:
		a.Problem = "no CRL"
		return a.Problem
	case b.cut:
		a.Problem = "CRL not captured whole"
		return a.Problem
	}
	list, err := revocation.ReadList(b.data)
	if err != nil {
		a.Problem = err.Error()
		h.fetched(at, b.request, "crl", "malformed: "+a.Problem)
		return a.Problem
	}
	result := "read, " + counted(list.Entries)
	switch {
	case past(list.NextUpdate, at):
		result = string(revocation.Stale)
	case ahead(list.ThisUpdate, at):
		result = string(revocation.NotYetValid)
	}
	h.fetched(at, b.request, "crl", result)
	const form = "2006-01-02T15:04:05Z07:00"
	a.Issuer, a.Entries, a.ThisUpdate = printable([]byte(list.Issuer)), list.Entries, list.ThisUpdate.Format(form)
	if !list.NextUpdate.IsZero() {
		a.NextUpdate = list.NextUpdate.Format(form)
	}
	return "CRL of " + a.Issuer + ", next update " + a.NextUpdate
}

func counted(entries int) string {
	if entries == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", entries)
}
