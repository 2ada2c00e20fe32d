package emulate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxRequest bounds an OCSP request, in bytes. One about a single certificate takes
// about a hundred.
const maxRequest = 16 << 10

// OCSPURL is where a Responder behind base ("http://status.appliance.test") answers
// for an authority.
func OCSPURL(base, id string) string { return strings.TrimSuffix(base, "/") + "/ocsp/" + id }

// CRLURL is where a Responder behind base publishes an authority's CRL.
func CRLURL(base, id string) string { return strings.TrimSuffix(base, "/") + "/crl/" + id + ".crl" }

// Responder serves OCSP answers and CRLs over HTTP (RFC 6960 appendix A, RFC 5019,
// RFC 5280 4.2.1.13):
//
//	POST /ocsp/ID           the request in the body
//	GET  /ocsp/ID/BASE64    the request in base64, percent-encoded or with bare slashes
//	GET  /crl/ID.crl
//
// Do not put it behind a http.ServeMux: that redirects paths with two slashes in a
// row, and base64 has such. A Responder is safe for concurrent use once its fields
// are set.
type Responder struct {
	// Authorities are the authorities served, by ID.
	Authorities map[string]*Authority
	// How chooses the answer, for what "ocsp" or "crl" and an authority's ID. Nil
	// gives the right one. Faults of HTTP itself go into a handler around this one.
	How func(what, authority string) Answer
	// Seen is told of every request after its answer was made. Result is what an
	// OCSP answer says ("good", "revoked", "unknown", "try later", "unauthorized",
	// "malformed request"), "crl" for a list, "malformed" for a page of HTML, or
	// "http 404" and the like.
	Seen func(method, what, authority, result string)
}

// NewResponder serves the given authorities and those above them.
func NewResponder(authorities ...*Authority) *Responder {
	r := &Responder{Authorities: make(map[string]*Authority)}
	for _, a := range authorities {
		for ; a != nil; a = a.parent {
			r.Authorities[a.id] = a
		}
	}
	return r
}

// ServeHTTP implements http.Handler.
func (s *Responder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, id, encoded := split(r.URL.EscapedPath())
	a := s.Authorities[id]
	switch {
	case kind == "":
		s.refuse(w, r, kind, id, http.StatusNotFound, fmt.Sprintf("nothing at %q; served are /ocsp/ID and /crl/ID.crl", r.URL.Path))
	case a == nil:
		s.refuse(w, r, kind, id, http.StatusNotFound, fmt.Sprintf("no authority %q here", id))
	case kind == "crl":
		s.serveCRL(w, r, a)
	default:
		s.serveOCSP(w, r, a, encoded)
	}
}

// split takes a path apart; kind is empty for one that is not served.
func split(path string) (kind, id, encoded string) {
	if rest, ok := strings.CutPrefix(path, "/ocsp/"); ok {
		id, encoded, _ = strings.Cut(rest, "/")
		return "ocsp", id, encoded
	}
	if rest, ok := strings.CutPrefix(path, "/crl/"); ok {
		if id, ok := strings.CutSuffix(rest, ".crl"); ok && !strings.Contains(id, "/") {
			return "crl", id, ""
		}
	}
	return "", "", ""
}

func (s *Responder) how(what, id string) Answer {
	if s.How == nil {
		return Answer{}
	}
	return s.How(what, id)
}

func (s *Responder) seen(r *http.Request, what, id, result string) {
	if s.Seen != nil {
		s.Seen(r.Method, what, id, result)
	}
}

func (s *Responder) refuse(w http.ResponseWriter, r *http.Request, what, id string, status int, why string) {
	http.Error(w, why, status)
	s.seen(r, what, id, "http "+strconv.Itoa(status))
}

func (s *Responder) serveCRL(w http.ResponseWriter, r *http.Request, a *Authority) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.refuse(w, r, "crl", a.id, http.StatusMethodNotAllowed, fmt.Sprintf("method %s, a CRL is fetched with GET", r.Method))
		return
	}
	how := s.how("crl", a.id)
	list, err := a.crl(how)
	if err != nil {
		s.refuse(w, r, "crl", a.id, http.StatusInternalServerError, "the list could not be signed")
		return
	}
	a.setValidity(w.Header(), list.validity)
	result := "crl"
	if how.Malformed {
		result = "malformed"
	}
	s.write(w, r, "application/pkix-crl", list.der)
	s.seen(r, "crl", a.id, result)
}

func (s *Responder) serveOCSP(w http.ResponseWriter, r *http.Request, a *Authority, encoded string) {
	request, status, err := readRequest(w, r, encoded)
	if err != nil {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, POST")
		}
		s.refuse(w, r, "ocsp", a.id, status, err.Error())
		return
	}
	answer, err := a.answer(request, s.how("ocsp", a.id))
	if err != nil {
		s.refuse(w, r, "ocsp", a.id, http.StatusInternalServerError, "the answer could not be signed")
		return
	}
	// RFC 5019 6.2: only an answer to GET, made for nobody in particular, is cached.
	if r.Method == http.MethodGet && !answer.nonce {
		a.setValidity(w.Header(), answer.validity)
	} else {
		a.setValidity(w.Header(), validity{})
	}
	s.write(w, r, "application/ocsp-response", answer.der)
	s.seen(r, "ocsp", a.id, answer.result)
}

// readRequest reads the DER request, or gives the HTTP status and why not.
func readRequest(w http.ResponseWriter, r *http.Request, encoded string) (der []byte, status int, err error) {
	switch {
	case r.Method == http.MethodPost && encoded == "":
		der, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("request of more than %d bytes", maxRequest)
		}
		return der, http.StatusBadRequest, err
	case r.Method == http.MethodGet && encoded != "":
		der, err = decode(encoded)
		return der, http.StatusBadRequest, err
	case r.Method == http.MethodGet:
		return nil, http.StatusBadRequest, errors.New("GET without a request, want /ocsp/ID/BASE64")
	case r.Method == http.MethodPost:
		return nil, http.StatusNotFound, errors.New("POST with a request in the path, want it in the body")
	}
	return nil, http.StatusMethodNotAllowed, fmt.Errorf("method %s, want GET or POST", r.Method)
}

// decode reads base64 as clients put it into paths: percent-encoded wholly, partly
// or not at all, with the padding or without.
func decode(encoded string) ([]byte, error) {
	if len(encoded) > 3*maxRequest {
		return nil, fmt.Errorf("request of %d bytes in the path, want at most %d", len(encoded), 3*maxRequest)
	}
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return nil, fmt.Errorf("request in the path is not percent-encoded: %w", err)
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("request in the path is not base64: %w", err)
	}
	return der, nil
}

// setValidity writes the cache headers of RFC 5019 6.2; an answer that is not valid
// now, or not to be shared, says so.
func (a *Authority) setValidity(h http.Header, v validity) {
	now := a.now()
	if v.next.IsZero() || v.next.Before(now) || v.this.After(now) {
		h.Set("Cache-Control", "no-store")
		return
	}
	h.Set("Last-Modified", v.this.UTC().Format(http.TimeFormat))
	h.Set("Expires", v.next.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", fmt.Sprintf("max-age=%d, public, no-transform, must-revalidate", int(v.next.Sub(now)/time.Second)))
}

func (s *Responder) write(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
