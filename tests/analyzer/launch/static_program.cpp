// Linked statically: nothing can be preloaded under it.
int main() {
  return 5;
}
