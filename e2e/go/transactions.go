package main

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// decider is a transaction listener. By message number, n modulo 4: 0 commits, 1 rolls back, 2 commits and 3 rolls
// back when the broker asks; or it gives no outcome when asked.
type decider struct {
	sync.Mutex
	decides bool
	checks  map[int]int
	// askedAt has the time of the first check, in ms.
	askedAt map[int]int64
	failure error
}

func newDecider(decides bool) *decider {
	return &decider{decides: decides, checks: map[int]int{}, askedAt: map[int]int64{}}
}

func (d *decider) ExecuteLocalTransaction(message *primitive.Message) primitive.LocalTransactionState {
	switch numberOf(message) % 4 {
	case 0:
		return primitive.CommitMessageState
	case 1:
		return primitive.RollbackMessageState
	default:
		return primitive.UnkonwnState
	}
}

func (d *decider) CheckLocalTransaction(message *primitive.MessageExt) primitive.LocalTransactionState {
	d.Lock()
	defer d.Unlock()
	n := numberOf(message)
	d.checks[n]++
	if d.checks[n] == 1 {
		d.askedAt[n] = time.Now().UnixMilli()
	}
	if id := message.GetProperty("UNIQ_KEY"); id == "" || id != message.TransactionId {
		d.failure = fmt.Errorf("message %d with id %s is asked for as transaction %s", n, id, message.TransactionId)
	}
	switch {
	case !d.decides:
		return primitive.UnkonwnState
	case n%2 == 0:
		return primitive.CommitMessageState
	default:
		return primitive.RollbackMessageState
	}
}

func (d *decider) checked() map[int]int {
	d.Lock()
	defer d.Unlock()
	copied := map[int]int{}
	for n, times := range d.checks {
		copied[n] = times
	}
	return copied
}

// transactionProducer is started.
func (r *run) transactionProducer(d *decider) (rocketmq.TransactionProducer, error) {
	p, err := rocketmq.NewTransactionProducer(d,
		producer.WithNameServer([]string{r.text("namesrv")}),
		producer.WithGroupName(r.group("transactions")),
		producer.WithInstanceName(instance()))
	if err != nil {
		return nil, err
	}
	return p, r.start(p)
}

func sendInTransaction(p rocketmq.TransactionProducer, message *primitive.Message) (string, error) {
	result, err := p.SendMessageInTransaction(context.Background(), message)
	if err != nil {
		return "", fmt.Errorf("transaction %d: %w", numberOf(message), err)
	}
	if result.Status != primitive.SendOK {
		return "", fmt.Errorf("transaction %d: status %d", numberOf(message), result.Status)
	}
	return result.MsgID, nil
}

// sendInTransactions sends samples and returns their ids by number.
func sendInTransactions(r *run, d *decider, first, count int) (map[int]string, error) {
	p, err := r.transactionProducer(d)
	if err != nil {
		return nil, err
	}
	ids := map[int]string{}
	for n := first; n < first+count; n++ {
		if ids[n], err = sendInTransaction(p, sample(r.topic(), n)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// halves sends "count" from "first" on, and gives no outcome when asked: what is not decided stays a half.
func halves(r *run) (figures, error) {
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	count := r.number("count", 40)
	_, err := sendInTransactions(r, newDecider(false), r.number("first", 0), count)
	return figures{"sent": count}, err
}

// outcomes of the first "count", of which those from "first" on are sent now.
func outcomes(r *run) (figures, error) {
	first, count := r.number("first", 0), r.number("count", 40)
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	d := newDecider(true)
	ids, err := sendInTransactions(r, d, first, count-first)
	if err != nil {
		return nil, err
	}
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("consumer"), "*"); err != nil {
		return nil, err
	}
	asked := map[int]bool{}
	for n := 0; n < count; n++ {
		if n%4 >= 2 {
			asked[n] = true
		}
	}
	all := func() bool {
		checks := d.checked()
		for n := range asked {
			if checks[n] == 0 {
				return false
			}
		}
		return in.count() >= count/2
	}
	if err := await(all, func() string {
		return fmt.Sprintf("%d messages and checks of %v, there are %d and checks of %v", count/2, asked, in.count(), d.checked())
	}); err != nil {
		return nil, err
	}
	// Nobody is asked again for what has its outcome, and nothing comes twice.
	checks := d.checked()
	r.pause(time.Duration(r.number("quietMs", 2500)) * time.Millisecond)
	if d.failure != nil {
		return nil, d.failure
	}
	if now := d.checked(); !reflect.DeepEqual(checks, now) {
		return nil, fmt.Errorf("checks of %v became %v", checks, now)
	}
	for n := range checks {
		// A roll-back that was not written down yet when the broker was killed is asked for again.
		if !asked[n] && !(r.number("killed", 0) == 1 && n%4 == 1) {
			return nil, fmt.Errorf("message %d with an outcome was asked for", n)
		}
	}
	return figures{"committed": count / 2, "checked": len(checks)}, committedOnce(in, ids, count)
}

// committedOnce: each even message arrived once, under the id that it was sent with, and no odd one.
func committedOnce(in *inbox, ids map[int]string, count int) error {
	in.Lock()
	defer in.Unlock()
	if in.failure != nil {
		return in.failure
	}
	if in.deliveries != count/2 {
		return fmt.Errorf("%d deliveries of %d messages", in.deliveries, count/2)
	}
	for n, message := range in.byNumber {
		if n%2 != 0 {
			return fmt.Errorf("message %d was rolled back and came", n)
		}
		if id, known := ids[n]; known && id != message.MsgId {
			return fmt.Errorf("message %d was sent as %s and came as %s", n, id, message.MsgId)
		}
	}
	return nil
}
