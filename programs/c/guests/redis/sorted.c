/*
 * sorted.c: sorted sets: a table that finds the score of a member, and a tree in the order of scores
 * and, among equal ones, of members. The tree is a treap (C. Aragon, R. Seidel: "Randomized search
 * trees", FOCS 1989), whose chance comes from the hash of the member: each node lies above those of
 * higher priority number, so the tree's shape follows from what is in it, and is flat.
 */
#include "../../lib/heap.h"
#include "../../lib/string.h"
#include "redis.h"

struct sorted *sorted_new(void)
{
    struct sorted *sorted = heap_take(sizeof *sorted);
    if (sorted) memset(sorted, 0, sizeof *sorted);
    return sorted;
}

void sorted_free(struct sorted *sorted)
{
    if (!sorted) return;
    table_clear(&sorted->members);
    heap_give(sorted);
}

/* Less than 0 if `a` comes before `b`. */
static int compare(const struct node *a, const struct node *b)
{
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    const struct text *left = a->member->key, *right = b->member->key;
    unsigned common = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->bytes, right->bytes, common);
    return order != 0 ? order : (int)(left->length - right->length);
}

static unsigned priority(const struct node *node)
{
    return node->member->hash * 0x9E3779B1;
}

static unsigned count(const struct node *node)
{
    return node ? node->count : 0;
}

static void recount(struct node *node)
{
    node->count = 1 + count(node->left) + count(node->right);
}

/* Parts a tree into what comes before `at`, and the rest. */
static void split(struct node *tree, const struct node *at, struct node **before,
                  struct node **rest)
{
    if (!tree) {
        *before = *rest = 0;
    } else if (compare(tree, at) < 0) {
        split(tree->right, at, &tree->right, rest);
        recount(*before = tree);
    } else {
        split(tree->left, at, before, &tree->left);
        recount(*rest = tree);
    }
}

/* One tree of two, all of the first before all of the second. */
static struct node *join(struct node *first, struct node *second)
{
    if (!first || !second) return first ? first : second;
    bool first_above = priority(first) < priority(second);
    struct node *top = first_above ? first : second;
    if (first_above) first->right = join(first->right, second);
    else second->left = join(first, second->left);
    recount(top);
    return top;
}

static void insert(struct sorted *sorted, struct node *node)
{
    struct node *before, *rest;
    split(sorted->root, node, &before, &rest);
    node->left = node->right = 0;
    node->count = 1;
    sorted->root = join(join(before, node), rest);
}

static void withdraw(struct sorted *sorted, struct node *node)
{
    struct node **at = &sorted->root;
    while (*at != node) {
        (*at)->count--;
        at = compare(node, *at) < 0 ? &(*at)->left : &(*at)->right;
    }
    *at = join(node->left, node->right);
}

struct node *sorted_find(const struct sorted *sorted, struct slice member)
{
    struct entry *entry = table_find(&sorted->members, member);
    return entry ? entry->node : 0;
}

bool sorted_put(struct sorted *sorted, struct slice member, number score)
{
    struct node *node = sorted_find(sorted, member);
    if (node) {
        withdraw(sorted, node);
    } else {
        node = heap_take(sizeof *node);
        struct entry *entry = node ? table_add(&sorted->members, member) : 0;
        if (!entry) {
            heap_give(node);
            return false;
        }
        entry->type = TYPE_MEMBER;
        entry->node = node;
        node->member = entry;
    }
    node->score = score;
    insert(sorted, node);
    return true;
}

void sorted_remove(struct sorted *sorted, struct node *node)
{
    withdraw(sorted, node);
    table_remove(&sorted->members, node->member);
}

struct node *sorted_at(const struct sorted *sorted, unsigned index)
{
    struct node *node = sorted->root;
    for (;;) {
        unsigned left = count(node->left);
        if (index == left) return node;
        bool right = index > left;
        if (right) index -= left + 1;
        node = right ? node->right : node->left;
    }
}

unsigned sorted_rank(const struct sorted *sorted, const struct node *node)
{
    unsigned rank = 0;
    for (const struct node *at = sorted->root;;) {
        int order = compare(node, at);
        if (order >= 0) rank += count(at->left);
        if (order == 0) return rank;
        if (order > 0) rank++;
        at = order < 0 ? at->left : at->right;
    }
}
