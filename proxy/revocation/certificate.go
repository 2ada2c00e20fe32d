package revocation

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"net/http"

	"rehearse/reports/journal"
)

// asking is the questions about one certificate, until one answer concludes.
type asking struct {
	*check
	question Question
	best     CertResult
	any      bool // best holds a judgement
}

// certificate asks about one certificate. staple is nil but for a leaf.
func (k *check) certificate(cert, issuer *x509.Certificate, staple []byte) CertResult {
	b := k.Behaviour
	q := Question{Certificate: cert, Issuer: issuer, Now: k.Now(), Skew: b.skew()}
	a := &asking{check: k, question: q, best: CertResult{Subject: subject(cert)}}
	stapled := len(staple) > 0 && b.reads(Stapled)
	if stapled && a.note(Stapled, false, q.OCSP(staple)) {
		return a.best
	}
	for _, s := range b.Order.sources() {
		if s == OCSP && stapled && b.Staple == StapleDecides {
			continue
		}
		pointers := pointersOf(cert, s)
		for _, p := range pointers {
			if a.follow(s, p) {
				return a.best
			}
		}
		if b.NoFallback && len(pointers) > 0 {
			break
		}
	}
	if !a.any {
		a.best.Verdict, a.best.Detail = NoInformation, b.missing()
	}
	return a.best
}

// missing is what a certificate lacks for this verifier.
func (b Behaviour) missing() string {
	switch b.Order {
	case OCSPOnly:
		return "no AIA OCSP pointer"
	case CRLOnly:
		return "no CRL distribution point"
	case StapleOnly:
		return "nothing stapled"
	}
	return "no AIA OCSP pointer, no CRL distribution point"
}

// note weighs a judgement and says whether it concludes. Of several that do
// not, the one that tells most is kept, the first of equals.
func (a *asking) note(s Source, cached bool, j Judgement) bool {
	if !a.any || j.Verdict.conclusive() || j.Verdict.weight() > a.best.Verdict.weight() {
		a.best = CertResult{Subject: a.best.Subject, Verdict: j.Verdict, Detail: j.Detail, Source: s, Cached: cached}
	}
	a.any = true
	return j.Verdict.conclusive()
}

// follow consults the cache and then the network about one pointer.
func (a *asking) follow(s Source, p pointer) bool {
	if p.problem.Verdict != "" {
		return a.note(s, false, p.problem)
	}
	if j, ok := a.cached(s, p.url); ok {
		return a.note(s, true, j)
	}
	if s == CRL {
		return a.note(s, false, a.fetchCRL(p.url))
	}
	return a.note(s, false, a.fetchOCSP(p.url))
}

func (a *asking) cached(s Source, url string) (Judgement, bool) {
	if s == OCSP {
		if st, ok := a.Cache.status(a.question); ok {
			return st.judge(a.question), true
		}
		return Judgement{}, false
	}
	if list, ok := a.Cache.list(a.question, url); ok {
		return list.judge(a.question), true
	}
	return Judgement{}, false
}

func (a *asking) fetchCRL(url string) Judgement {
	var list *crlList
	return a.fetch(Fetch{Method: http.MethodGet, Source: CRL, URL: url}, url, nil, func(content []byte) Judgement {
		var j Judgement
		if list, j = a.question.parseCRL(content); list == nil {
			return j
		}
		if j = list.judge(a.question); list.current(a.question) {
			a.Cache.putList(a.question, url, list)
		}
		return j
	})
}

func (a *asking) fetchOCSP(url string) Judgement {
	q := a.question
	if a.Behaviour.Nonce {
		q.Nonce = make([]byte, 32) // RFC 9654 2.1: 32 octets should be used
		_, _ = rand.Read(q.Nonce)  // never fails
	}
	request, err := encodeRequest(q, a.Behaviour.Hash)
	if err != nil {
		return judged(Malformed, "no OCSP request can be made: %v", err)
	}
	method, target, body := a.Behaviour.Method.carry(url, request)
	return a.fetch(Fetch{Method: method, Source: OCSP, URL: url}, target, body, func(content []byte) Judgement {
		st, j := q.parseOCSP(content)
		if st == nil {
			return j
		}
		if j = st.judge(q); j.Verdict.conclusive() {
			a.Cache.putStatus(q, st)
		}
		return j
	})
}

// fetch makes one fetch within its share of time, judges what came, and
// records both as one.
func (a *asking) fetch(f Fetch, target string, body []byte, judge func([]byte) Judgement) Judgement {
	f.For = a.best.Subject
	f.Status, f.Judgement = a.exchange(f.Source, f.Method, target, body, judge)
	a.result.Fetches = append(a.result.Fetches, f)
	if a.Record != nil {
		a.Record(journal.RevocationFetched{
			Method: f.Method, What: string(f.Source), URL: f.URL, For: f.For, Result: f.Judgement.String(),
		})
	}
	return f.Judgement
}

func (a *asking) exchange(s Source, method, target string, body []byte, judge func([]byte) Judgement) (int, Judgement) {
	if a.Fetcher == nil {
		return 0, judged(Offline, "nothing to fetch with")
	}
	share, ok := a.clock.share()
	if !ok {
		return 0, judged(Offline, "no time left")
	}
	ctx, cancel := context.WithTimeout(a.ctx, share)
	defer cancel()
	status, content, err := a.Fetcher.Fetch(ctx, method, target, body)
	switch {
	case err != nil:
		return 0, judged(Offline, "%s", reason(err))
	case status != http.StatusOK:
		return status, judged(Offline, "HTTP %d", status)
	case len(content) > limit(s):
		return status, judged(TooLarge, "more than %d MiB", limit(s)>>20)
	}
	return status, judge(content)
}
